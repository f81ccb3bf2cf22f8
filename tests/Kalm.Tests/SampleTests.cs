using System.Diagnostics;
using Kalm.Graph;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>The programs in samples/ run as a reader would run them, with what is built already.</summary>
[CollectionDefinition(nameof(SampleTests), DisableParallelization = true)]
[Collection(nameof(SampleTests))]
public sealed class SampleTests : IDisposable
{
    private static readonly string Root = LayeringTests.RepositoryRoot();
    private static readonly string World = Path.Combine(Root, "samples", "world");
    private readonly TemporaryFolder folder = new();
    private readonly string model;

    public SampleTests() => model = TinyModel.Make(folder, KnowledgeGraph.Load(World));

    [Fact]
    public async Task Completion_takes_ten_lines()
    {
        var lines = await Run("complete.cs", model, World, "Peru", "borders");
        Assert.Equal(5, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^\d+\.\d ?% \S", line));
    }

    [Fact]
    public async Task Embeddings_take_ten_lines()
    {
        var lines = await Run("embed.cs", model, "a country", "a river");
        Assert.Matches(@"^2 vectors of 32 values from \d+ tokens$", lines[0]);
        Assert.Equal(["a country", "a river"], lines[1..].Select(line => line.Split(':')[0]));
    }

    [Fact]
    public async Task Searching_the_vector_store_takes_ten_lines()
    {
        var lines = await Run("search.cs", model, World, "a long river in Africa", "Peru", "borders");
        Assert.Equal(6, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^-?\d\.\d{3} \S", line));
    }

    [Fact]
    public async Task Chat_takes_ten_lines() => Assert.NotEmpty(string.Concat(await Run("chat.cs", model, "What is a river?")));

    private static async Task<string[]> Run(string sample, params string[] arguments)
    {
        var path = Path.Combine(Root, "samples", sample);
        var code = File.ReadLines(path).Count(line => line.Length > 0 && !line.StartsWith("#:", StringComparison.Ordinal)
            && !line.StartsWith("//", StringComparison.Ordinal) && !line.StartsWith("using ", StringComparison.Ordinal));
        Assert.InRange(code, 1, 10);
        // What the sample needs is what this test was built from.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var start = new ProcessStartInfo(
            "dotnet", ["run", "--file", path, "-c", configuration == "release"
                ? "Release" : "Debug", "-p:BuildProjectReferences=false", "--", .. arguments])
        {
            WorkingDirectory = Root,
        };
        // A build server that outlives the command would keep its output open.
        foreach (var (name, value) in new[]
        {
            ("MSBUILDDISABLENODEREUSE", "1"), ("UseSharedCompilation", "false"), ("DOTNET_NOLOGO", "1"), ("DOTNET_CLI_UI_LANGUAGE", "en"),
        })
            start.Environment[name] = value;
        var ran = await CommandLine.RunToEnd(start, TimeSpan.FromMinutes(5));
        if (PackedFeed.Unreachable(ran) is { } unreachable)
            Assert.Skip(unreachable);
        return ran.IsSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose() => folder.Dispose();
}
