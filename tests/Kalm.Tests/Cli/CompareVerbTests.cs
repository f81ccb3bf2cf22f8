using System.Text.Json.Nodes;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public sealed class CompareVerbTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make(6);
    private readonly string model;

    public CompareVerbTests() => model = Tests.TinyModel.Make(folder, files.Load());

    [Fact]
    public void A_model_and_the_file_of_its_ranks_do_not_differ()
    {
        var (ranks, json) = (folder.File("ranks.tsv"), folder.File("compared.json"));
        CommandLine.Run("evaluate", "completion", "--model", model, "--graph", files.Path, "--split", "valid", "--threads", "2",
            "--ranks", ranks).IsSuccess();
        var line = CommandLine.Run("compare", ranks, model, "--graph", files.Path, "--split", "valid", "--threads", "2", "--json", json,
            "--resamples", "200").IsSuccess();
        Assert.Contains("valid split", line.Output, StringComparison.Ordinal);
        var result = JsonNode.Parse(File.ReadAllText(json))!;
        var queries = (int)result["queries"]!;
        Assert.Equal(File.ReadAllLines(ranks).Length - 1, queries);
        Assert.Equal((0, queries, 0), ((int)result["wins"]!, (int)result["ties"]!, (int)result["losses"]!));
        foreach (var (_, measure) in result["measures"]!.AsObject())
            Assert.Equal((0.0, 0.0, 0.0, 1.0), ((double)measure!["difference"]!, (double)measure["low"]!, (double)measure["high"]!,
                (double)measure["p"]!));
        // On the other split other queries are asked.
        CommandLine.Run("compare", ranks, model, "--graph", files.Path, "--quiet").IsFault("has no rank of the query", "which");
    }

    [Fact]
    public void Ranks_that_became_better_are_found_and_equal_seeds_print_the_same()
    {
        var (worse, better) = (Ranks("worse.tsv", index => 2 + index % 9), Ranks("better.tsv", index => index % 4 == 0 ? 9 : 1));
        var line = CommandLine.Run("compare", worse, better, "--resamples", "1000", "--seed", "5").IsSuccess();
        Assert.Contains("< 0.001", line.Output, StringComparison.Ordinal);
        Assert.Contains("MRR by relation", line.Output, StringComparison.Ordinal);
        Assert.Equal(
            line.Output, CommandLine.Run("compare", worse, better, "--resamples", "1000", "--seed", "5", "--quiet").IsSuccess().Output);
    }

    [Fact]
    public void What_cannot_be_compared_is_named()
    {
        var ranks = Ranks("ranks.tsv", _ => 1);
        CommandLine.Run("compare", ranks, "nowhere").IsFault("SECOND nowhere", "no such folder or file");
        CommandLine.Run("compare", ranks, folder.Write("other.tsv", "a\tb\tc\n")).IsFault("other.tsv(1)", "expected a file of ranks");
        CommandLine.Run("compare", ranks, ranks, "--split", "valid").IsFault("--split", "two files of ranks");
        CommandLine.Run("compare", ranks, ranks, "--resamples", "9").IsFault("--resamples", "100 or more");
        CommandLine.Run("compare", ranks, model).IsFault("--graph: missing", model);
        CommandLine.Run("compare", ranks).IsFault("compare --help");
    }

    [Fact]
    public void Runs_of_different_graphs_are_refused_by_name()
    {
        using var other = FamilyGraph.Make(7);
        var (first, second) = (Align("first", files.Path), Align("second", other.Path));
        CommandLine.Run("compare", first, second, "--threads", "2")
            .IsFault($"{second}: learned from {other.Path}, {first} from {files.Path}", "--graph");
        CommandLine.Run("compare", first, second, "--graph", files.Path, "--threads", "2", "--resamples", "100").IsSuccess();

        string Align(string name, string graph)
        {
            CommandLine.Run("align", "--model", model, "--graph", graph, "--out", folder.File(name), "--steps", "1", "--batch", "8",
                "--validations", "0", "--threads", "2", "--quiet").IsSuccess();
            return folder.File(name);
        }
    }

    private string Ranks(string name, Func<int, int> rank) => folder.Write(name, "head\trelation\ttail\tdirection\trank\n"
        + string.Concat(Enumerable.Range(0, 60).Select(index => $"a{index}\tr{index % 3}\tb{index}\ttail\t{rank(index)}\n")));

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }
}
