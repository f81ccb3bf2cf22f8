using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public sealed class SeedVerbTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make(6);
    private readonly string model;
    private readonly string runs;

    public SeedVerbTests() => (model, runs) = (Tests.TinyModel.Make(folder, files.Load()), folder.File("runs"));

    [Fact]
    public void Seeds_are_aligned_told_evaluated_together_and_compared()
    {
        var json = folder.File("seeds.json");
        var aligned = Align("--seeds", "2", "--seed", "7", "--json", json).IsSuccess();
        foreach (var word in new[] { "seed-7", "seed-8", "mean", "standard deviation", "best on valid: " + runs })
            Assert.Contains(word, aligned.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(runs, "seeds.json")), File.ReadAllText(json));

        var evaluated = Evaluate("--json", json).IsSuccess();
        Assert.Contains("standard deviation", evaluated.Output, StringComparison.Ordinal);
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal([Path.Combine(runs, "seed-7"), Path.Combine(runs, "seed-8")],
            report["runs"]!.AsArray().Select(run => (string?)run!["model"]));
        var (first, second) = (Mrr(0), Mrr(1));
        Assert.Equal((first + second) / 2, (double)report["mean"]!["mrr"]!, 1e-12);
        Assert.Equal(Math.Abs(first - second) / Math.Sqrt(2), (double)report["deviation"]!["mrr"]!, 1e-12);

        CommandLine.Run(
            "compare", Path.Combine(runs, "seed-7"), Path.Combine(runs, "seed-8"), "--threads", "2", "--json", json).IsSuccess();
        var compared = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal(first, (double)compared["measures"]!["mrr"]!["first"]!, 1e-12);
        Assert.Equal(second - first, (double)compared["measures"]!["mrr"]!["difference"]!, 1e-12);

        double Mrr(int index) => (double)report["runs"]![index]!["both"]!["mrr"]!;
    }

    [Fact]
    public void Where_one_run_is_asked_for_the_seeds_are_refused_with_one_named()
    {
        Align("--seeds", "1").IsSuccess();
        var one = Path.Combine(runs, "seed-1");
        CommandLine.Run("describe", runs).IsFault(runs, "holds 1 seed;", one);
        CommandLine.Run("complete", "--model", runs, "--head", "bird8", "--relation", "kind_of").IsFault("--model", one);
        CommandLine.Run("align", "--stage", "rerank", "--model", runs).IsFault("--model", one);
        CommandLine.Run("compare", one, runs).IsFault("SECOND", one);
        Evaluate("--ranks", folder.File("ranks.tsv")).IsFault("--ranks: found with the 1 seed of", one);
        Align("--resume").IsFault("--out", "--seeds", one);
        Align("--seeds", "2").IsFault("--out", "not empty");
        CommandLine.Run("align", "--model", model, "--graph", files.Path, "--out", one, "--seeds", "2", "--resume")
            .IsFault("found no runs of seeds", "it is a run");
        CommandLine.Run("align", "--stage", "rerank", "--model", one, "--seeds", "2").IsFault("--seeds", "expected without");
    }

    [Fact]
    public async Task A_signal_stops_a_seed_and_the_same_command_goes_on_from_it()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        string[] arguments =
        [
            "align", "--model", model, "--graph", files.Path, "--out", runs, "--steps", "150", "--batch", "8", "--validations", "1",
            "--threads", "1", "--seeds", "2",
        ];
        var stopped = await CommandLine.RunProcess(
            CommandLine.Program,
            async process =>
            {
                var metrics = Path.Combine(runs, "seed-2", "metrics.jsonl");
                while (!process.HasExited && !(File.Exists(metrics) && new FileInfo(metrics).Length > 0))
                    await Task.Delay(20, TestContext.Current.CancellationToken);
                using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
                await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
            },
            arguments);
        Assert.True(stopped.ExitCode == 130, $"exit code {stopped.ExitCode}\n{stopped.Error}");
        Assert.Contains("the same command with --resume goes on", stopped.Error, StringComparison.Ordinal);
        Assert.Equal("interrupted", StatusOf("seed-2"));
        var first = File.GetLastWriteTimeUtc(Path.Combine(runs, "seed-1", "run.json"));

        var resumed = CommandLine.Run([.. arguments, "--resume"]).IsSuccess();
        Assert.Contains("resuming after step", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(("complete", "complete"), (StatusOf("seed-1"), StatusOf("seed-2")));
        Assert.Equal(first, File.GetLastWriteTimeUtc(Path.Combine(runs, "seed-1", "run.json")));

        string? StatusOf(string seed) => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(runs, seed, "run.json")))!["status"];
    }

    private CommandLine Align(params string[] more) => CommandLine.Run(
        ["align", "--model", model, "--graph", files.Path, "--out", runs, "--steps", "4", "--batch", "16", "--validations", "1",
            "--threads", "2", .. more]);

    private CommandLine Evaluate(params string[] more) =>
        CommandLine.Run(["evaluate", "completion", "--model", runs, "--threads", "2", .. more]);

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }
}
