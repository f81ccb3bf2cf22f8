using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Sources;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

public sealed class SeedRunsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = FamilyGraph.Make(6);
    private readonly string model;

    public SeedRunsTests() => model = TinyModel.Make(folder, graph.Load());

    [Theory]
    [InlineData(AlignmentMethod.Lora)]
    [InlineData(AlignmentMethod.Full)]
    public void Each_seed_is_the_run_that_it_would_be_alone(AlignmentMethod method)
    {
        var options = Options(method) with { Seed = 4 };
        var summary = Run("runs", options, 2);
        AlignmentRun.Execute(new AlignmentInputs(model, graph.Path, folder.File("alone")), options with { Seed = 5 },
            cancellation: TestContext.Current.CancellationToken);

        Assert.Equal([4, 5], SeedFolders.In(folder.File("runs")));
        var result = method == AlignmentMethod.Full ? "model/model.safetensors" : "adapter/adapter_model.safetensors";
        Assert.Equal(Bytes($"alone/{result}"), Bytes($"runs/seed-5/{result}"));
        Assert.NotEqual(Bytes($"alone/{result}"), Bytes($"runs/seed-4/{result}"));

        var best = summary.Runs.MaxBy(run => run.Validation!.MeanReciprocalRank)!;
        var json = JsonNode.Parse(File.ReadAllText(folder.File($"runs/{SeedRuns.FileName}")))!;
        Assert.Equal(best.Folder, (string?)json["best"]);
        Assert.Equal(summary.Runs.Average(run => run.Validation!.MeanReciprocalRank), (double)json["mean"]!["mrr"]!, 1e-12);
        Assert.Equal(
            Math.Abs(Mrr(0) - Mrr(1)) / Math.Sqrt(2), (double)json["deviation"]!["mrr"]!, 1e-12);
        Assert.All(json["runs"]!.AsArray(), run => Assert.InRange((double)run!["hits@1"]!, 0, (double)run["hits@3"]!));

        double Mrr(int index) => (double)json["runs"]![index]!["mrr"]!;
    }

    [Theory]
    [InlineData(5)]
    [InlineData(15)]
    public void Stopped_seeds_go_on_and_end_as_if_they_had_never_been(int after)
    {
        var options = Options(AlignmentMethod.Lora);
        Run("whole", options, 3);
        using (var stop = new CancellationTokenSource())
        {
            var taken = 0;
            Assert.Throws<OperationCanceledException>(() => SeedRuns.Execute(
                new AlignmentInputs(model, graph.Path, folder.File("stopped")), options, 3,
                new StepWatch(_ =>
                {
                    if (++taken == after)
                        stop.Cancel();
                }), stop.Token));
        }
        var finished = SeedFolders.In(folder.File("stopped")).Count - 1;
        Assert.Equal(after / 10, finished);
        var steps = 0;
        var summary = Run("stopped", options, 3, resume: true, new StepWatch(_ => steps++));
        Assert.Equal(30 - after, steps);
        Assert.All(summary.Runs, run => Assert.Equal(RunStatus.Complete, run.Description.Status));
        for (var seed = 1; seed <= 3; seed++)
            Assert.Equal(Bytes($"whole/seed-{seed}/adapter/adapter_model.safetensors"),
                Bytes($"stopped/seed-{seed}/adapter/adapter_model.safetensors"));
    }

    [Fact]
    public void What_is_no_folder_of_these_seeds_is_refused()
    {
        var options = Options(AlignmentMethod.Lora);
        Run("runs", options, 1);
        Assert.Contains("not empty", Refused("runs", 2, resume: false), StringComparison.Ordinal);
        Assert.Contains("found no run named seed-1", Refused("runs/seed-1", 1, resume: true), StringComparison.Ordinal);
        options = options with { Seed = 2 };
        Assert.Contains("found seed 1 there; expected none but 2 to 3", Refused("runs", 2, resume: true), StringComparison.Ordinal);
        Assert.Equal([1], SeedFolders.In(folder.File("runs")));

        var named = $"{folder.File("runs")}: holds 1 seed; expected one run: name it, as {folder.File("runs/seed-1")}";
        Assert.Equal(named, Assert.Throws<KalmException>(() => ModelSources.Open(folder.File("runs"))).Message);
        Assert.Equal(named, Assert.Throws<KalmException>(() => RunFolder.Describe(folder.File("runs"))).Message);

        string Refused(string name, int count, bool resume) =>
            Assert.Throws<KalmException>(() => Run(name, options, count, resume)).Message;
    }

    private static AlignmentOptions Options(AlignmentMethod method) => new()
    {
        Method = method,
        Threads = 2,
        Budget = new BudgetOptions { Steps = 10, Validations = 1 },
        Batches = new BatchOptions { Triples = 16 },
        Implicit = new ImplicitOptions { Share = 0.1 },
    };

    private SeedSummary Run(
        string name, AlignmentOptions options, int count, bool resume = false, IProgress<ProgressEvent>? progress = null) =>
        SeedRuns.Execute(new AlignmentInputs(model, graph.Path, folder.File(name)) { Resume = resume }, options, count, progress,
            TestContext.Current.CancellationToken);

    private byte[] Bytes(string file) => File.ReadAllBytes(folder.File(file));

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
