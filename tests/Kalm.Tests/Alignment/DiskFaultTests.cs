using System.Diagnostics;
using System.Security.Cryptography;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Training;
using Kalm.Tests.Cli;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

/// <summary>What a disk does to a run: it fills up, turns read-only, or its folder goes. What was saved before stays of use.</summary>
public sealed class DiskFaultTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = FamilyGraph.Make();
    private readonly string model;

    public DiskFaultTests() => model = TinyModel.Make(folder, graph.Load());

    [Fact]
    public async Task A_full_disk_ends_the_run_and_with_more_room_it_goes_on()
    {
        var recipe = folder.Write("recipe.json", """
            {
              "threads": 2, "budget": {"validations": 2, "save_every": 2}, "batches": {"triples": 24}, "optimizer": {"warmup_steps": 3},
              "implicit": {"share": 0.1}
            }
            """);
        string[] arguments =
        [
            "align", "--model", model, "--graph", graph.Path, "--recipe", recipe, "--steps", "12", "--method", "full", "--quiet", "--out",
        ];
        CommandLine.Run([.. arguments, folder.File("whole")]).IsSuccess();
        var checkpoint = Directory.GetFiles(Checkpoints.In(folder.File("whole"))[0]).Sum(file => new FileInfo(file).Length);

        // Room for one checkpoint and a half.
        (await SmallDisk.Run(folder, checkpoint * 3 / 2, arguments)).IsFault("No space left", "run");
        var kept = folder.File("disk.kept/run");
        Assert.Empty(Directory.GetDirectories(Path.Combine(kept, "checkpoints"), ".*"));
        Assert.NotNull(Checkpoints.Newest(kept, RunFolder.Describe(kept).Id, null));
        CommandLine.Run([.. arguments, kept, "--resume"]).IsSuccess();
        Assert.Equal(Hash("whole"), Hash("disk.kept/run"));
    }

    [Fact]
    public void A_folder_that_turns_read_only_ends_the_run_and_its_last_checkpoint_loads()
    {
        var checkpoints = folder.File("run/checkpoints");
        try
        {
            var error = Assert.Throws<KalmException>(() => Run("run", step =>
            {
                if (step == 5)
                    MakeReadOnly(checkpoints);
            }));
            Assert.Contains(checkpoints, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            MakeWritable(checkpoints);
        }
        Assert.EndsWith("step-00000004", Checkpoints.Newest(folder.File("run"), RunFolder.Describe(folder.File("run")).Id, null));
        Run("whole");
        AlignmentRun.Execute(new AlignmentInputs(model, graph.Path, folder.File("run")) { Resume = true },
            Options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(Hash("whole"), Hash("run"));
    }

    [Fact]
    public void A_folder_that_is_removed_ends_the_run_with_its_name()
    {
        var error = Assert.Throws<KalmException>(() => Run("run", step =>
        {
            if (step == 5)
                Directory.Delete(folder.File("run"), recursive: true);
        }));
        Assert.Contains(folder.File("run"), error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("run")));
    }

    private static AlignmentOptions Options => new()
    {
        Method = AlignmentMethod.Full,
        Threads = 2,
        Budget = new BudgetOptions { Steps = 12, Validations = 2, SaveEvery = 2 },
        Batches = new BatchOptions { Triples = 24 },
        Optimizer = new OptimizerOptions { WarmupSteps = 3 },
        Implicit = new ImplicitOptions { Share = 0.1 },
    };

    private void Run(string name, Action<int>? onStep = null) => AlignmentRun.Execute(
        new AlignmentInputs(model, graph.Path, folder.File(name)), Options,
        new StepWatch(onStep ?? (_ => { })), cancellation: TestContext.Current.CancellationToken);

    private string Hash(string run) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.File($"{run}/model/model.safetensors"))));

    private static void MakeReadOnly(string path) =>
        Assert.SkipUnless(Change(path, "+i", "a-w"), "this system has no way to make a folder read-only");

    private static void MakeWritable(string path) => Change(path, "-i", "u+w");

    /// <summary>For root, whom permissions do not hold, the folder is made immutable.</summary>
    private static bool Change(string path, string attribute, string permission)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "sh", ["-c", Environment.IsPrivilegedProcess ? $"chattr {attribute} '{path}'" : $"chmod {permission} '{path}'"])
        {
            RedirectStandardError = true,
        })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
