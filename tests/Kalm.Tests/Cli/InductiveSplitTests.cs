using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

public sealed class InductiveSplitTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Kalm.Tests.Graph.SmallGraph graph = FamilyGraph.Make();

    [Fact]
    public void Entities_that_train_has_not_have_figures_of_their_own_and_may_be_ranked_among_themselves()
    {
        var (model, all, split) = (folder.File("base"), folder.File("all.json"), folder.File("split.json"));
        // A graph of one file, so that it can be divided.
        var train = folder.Write("family.tsv", File.ReadAllText(Path.Combine(graph.Path, "train.txt")));
        CommandLine.Run("pretrain", "--graph", graph.Path, "--steps", "2", "--vocabulary", "300", "--out", model, "--quiet").IsSuccess();
        string[] evaluate =
            ["evaluate", "completion", "--model", model, "--graph", train, "--split", "inductive,0.6,0.2,0.2", "--quiet", "--json"];
        var output = CommandLine.Run([.. evaluate, all]).IsSuccess().Output;
        Assert.Contains("answers that train has not", output, StringComparison.Ordinal);
        CommandLine.Run([.. evaluate, split, "--candidates", "split"]).IsSuccess();
        var (among, few) = (JsonNode.Parse(File.ReadAllText(all))!, JsonNode.Parse(File.ReadAllText(split))!);
        Assert.True((int)few["candidates"]! < (int)among["candidates"]!);
        // Fewer candidates rank no answer worse.
        Assert.True((double)few["both"]!["mr"]! < (double)among["both"]!["mr"]!);
        // A kept entity's triples lie in one split, so that each has one end at least that train lacks.
        var (queries, unseen) = ((int)among["queries"]!, among["unseen_answers"]!);
        Assert.InRange((int)unseen["queries"]! + (int)among["unseen_subjects"]!["queries"]!, queries, 2 * queries);
        CommandLine.Run([.. evaluate, folder.File("x.json"), "--candidates", "some"]).IsFault("--candidates", "some");
    }

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
