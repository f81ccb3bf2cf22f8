using Kalm.Alignment;

namespace Kalm.Tests.Alignment;

public sealed class RunGraphTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_of_another_version_tells_its_graph_and_how_it_was_read()
    {
        var run = Read("""
            { "graph": "world", "hashes": { "graph": "ab", "new": 1 }, "graph_options": { "skip_bad": 2, "new": 3 }, "new": [] }
            """);
        Assert.Equal(("world", "ab", 2, 1L), (run.Path, run.Fingerprint, run.Options!.SkipBad, run.Options.Seed));
        Assert.Null(Read("""{ "graph": "world", "hashes": { "graph": "ab" }, "graph_options": null }""").Options);
    }

    [Theory]
    [InlineData("""{ "hashes": { "graph": "ab" } }""", "graph: found nothing")]
    [InlineData("""{ "graph": "world" }""", "hashes: found nothing")]
    [InlineData("""{ "graph": "world", "hashes": { "graph": "ab" }, "graph_options": { "skip_bad": "some" } }""", "skip_bad")]
    [InlineData("""{ "graph": """, "not valid JSON")]
    public void What_does_not_tell_is_refused_by_its_place(string text, string expected)
    {
        var message = Assert.Throws<KalmException>(() => Read(text)).Message;
        Assert.StartsWith(folder.File("run.json"), message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    private RunGraph Read(string text) => RunGraph.Read(folder.Write("run.json", text));
}
