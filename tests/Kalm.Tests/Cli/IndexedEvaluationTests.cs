using System.Text.Json.Nodes;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public sealed class IndexedEvaluationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make(6);
    private readonly string model;

    public IndexedEvaluationTests() => model = Tests.TinyModel.Make(folder, files.Load());

    [Fact]
    public void Ranks_are_taken_from_the_index_that_a_question_left_and_are_those_of_texts_encoded_anew()
    {
        var (index, json) = (folder.File("index"), folder.File("ranks.json"));
        var before = Evaluate("--index", index);
        Assert.Contains("--index: found no index in", before.Error, StringComparison.Ordinal);
        var encoded = Read();
        CommandLine.Run("complete", "--model", model, "--graph", files.Path, "--index", index, "--head", "bird8", "--relation", "kind_of",
            "--threads", "1").IsSuccess();
        var after = Evaluate("--index", index);
        Assert.Contains($"takes the entities' vectors of the index in {index}", after.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("encoding", after.Error, StringComparison.Ordinal);
        foreach (var side in new[] { "head", "tail", "both" })
            Assert.Equal((double)encoded[side]!["mrr"]!, (double)Read()[side]!["mrr"]!, 1e-6);
        Run("--index", index, "--vectors", folder.File("kept")).IsFault("--vectors: found with --index", "expected one");

        CommandLine Evaluate(params string[] more) => Run([.. more, "--json", json]).IsSuccess();
        CommandLine Run(params string[] more) =>
            CommandLine.Run(["evaluate", "completion", "--model", model, "--graph", files.Path, "--threads", "1", .. more]);
        JsonNode Read() => JsonNode.Parse(File.ReadAllText(json))!;
    }

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }
}
