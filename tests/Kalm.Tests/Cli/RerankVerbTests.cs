using System.Text.Json.Nodes;
using Kalm.Completion.Reranking;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public sealed class RerankVerbTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make(6);
    private readonly string run;

    public RerankVerbTests()
    {
        run = folder.File("run");
        CommandLine.Run("align", "--model", Tests.TinyModel.Make(folder, files.Load()), "--graph", files.Path, "--out", run,
            "--method", "full", "--steps", "10", "--batch", "24", "--validations", "1", "--threads", "2").IsSuccess();
    }

    [Fact]
    public void A_run_is_given_a_reranker_which_every_verb_then_knows()
    {
        var recipe = folder.Write("recipe.json", """{ "rerank": { "depth": 12, "queries": 8, "valid_triples": 50 } }""");
        var made = CommandLine.Run("align", "--stage", "rerank", "--model", run, "--recipe", recipe, "--steps", "6", "--threads", "2")
            .IsSuccess();
        Assert.Contains("validation MRR re-ranked", made.Output, StringComparison.Ordinal);
        Assert.Contains("the section rerank counts", made.Error, StringComparison.Ordinal);
        Assert.Contains("best 12", CommandLine.Run("describe", run).IsSuccess().Output, StringComparison.Ordinal);
        CommandLine.Run("align", "--stage", "rerank", "--model", run, "--steps", "1").IsFault("has a re-ranker already", "--force");

        Weigh(new RerankWeights(0, 0, 0));
        var json = folder.File("ranks.json");
        var unused = Evaluate();
        Assert.Contains("gained nothing on the validation split", unused.Error, StringComparison.Ordinal);
        Assert.Equal(Mrr("both"), (double)Read()["not_reranked"]!["both"]!["mrr"]!);
        Weigh(new RerankWeights(5, 1, 2));
        var used = Evaluate();
        Assert.DoesNotContain("gained nothing", used.Error, StringComparison.Ordinal);
        Assert.Contains("both, not re-ranked", used.Output, StringComparison.Ordinal);
        Assert.NotEqual(Mrr("both"), (double)Read()["not_reranked"]!["both"]!["mrr"]!);

        var completed = CommandLine.Run(
            "complete", "--model", run, "--head", "bird8", "--relation", "kind_of", "--top", "4", "--rerank", "--json", json).IsSuccess();
        Assert.Contains("re-ranked", completed.Output, StringComparison.Ordinal);
        var results = Read()["results"]!.AsArray();
        Assert.Equal(4, results.Count);
        Assert.Equal(results.OrderByDescending(result => (double)result!["reranked_score"]!), results);

        CommandLine Evaluate() => CommandLine.Run("evaluate", "completion", "--model", run, "--rerank", "--json", json).IsSuccess();
        JsonNode Read() => JsonNode.Parse(File.ReadAllText(json))!;
        double Mrr(string side) => (double)Read()[side]!["mrr"]!;
    }

    [Fact]
    public void What_does_not_go_with_the_stage_is_named()
    {
        CommandLine.Run("align", "--stage", "rerank", "--model", run, "--out", folder.File("other")).IsFault("--out", "expected without");
        CommandLine.Run("align", "--stage", "rerank", "--model", run, "--method", "full").IsFault("--method", "expected without");
        CommandLine.Run("align", "--stage", "rerank", "--model", folder.File("base"), "--graph", files.Path).IsFault("run.json");
        CommandLine.Run("align", "--stage", "rank", "--model", run).IsFault("--stage", "align or rerank");
        CommandLine.Run("align", "--model", run, "--graph", files.Path).IsFault("--out");
        CommandLine.Run("align", "--model", run, "--out", folder.File("other")).IsFault("--graph");
        CommandLine.Run("align", "--model", run, "--graph", files.Path, "--out", folder.File("other"), "--force").IsFault("--force");
        CommandLine.Run("evaluate", "completion", "--model", run, "--rerank").IsFault("has no re-ranker", "--stage rerank");
        var recipe = folder.Write("recipe.json", """{ "rerank": { "depth": 1 } }""");
        CommandLine.Run("align", "--stage", "rerank", "--model", run, "--recipe", recipe).IsFault(recipe, "rerank.depth: found 1");
        Assert.False(Directory.Exists(Path.Combine(run, Reranker.FolderName)));
    }

    private void Weigh(RerankWeights weights)
    {
        var path = Path.Combine(run, Reranker.FolderName, RerankerDescription.FileName);
        Json.Write(path, Json.Read<RerankerDescription>(path) with { Weights = weights });
    }

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }
}
