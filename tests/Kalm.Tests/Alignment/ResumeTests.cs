using System.Security.Cryptography;
using System.Text.Json;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Training;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = FamilyGraph.Make();
    private readonly string model;

    public ResumeTests() => model = TinyModel.Make(folder, graph.Load());

    [Theory]
    [InlineData(AlignmentMethod.Full, 7)]
    [InlineData(AlignmentMethod.Full, 12)]
    [InlineData(AlignmentMethod.Lora, 7)]
    [InlineData(AlignmentMethod.Lora, 12)]
    [InlineData(AlignmentMethod.Lora, 19)]
    [InlineData(AlignmentMethod.Full, 7, 40)]
    public void A_stopped_and_resumed_run_equals_an_uninterrupted_one(AlignmentMethod method, int stopAfter, int bank = 0)
    {
        var options = Options(method);
        options = options with { Explicit = options.Explicit with { Bank = bank } };
        Run("whole", options);
        Stop("stopped", options, stopAfter);
        var resumed = Run("stopped", options, resume: true);

        Assert.Equal(RunStatus.Complete, resumed.Status);
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void A_run_killed_before_its_first_checkpoint_starts_over()
    {
        var options = Options(AlignmentMethod.Lora);
        Run("whole", options);
        Stop("stopped", options, 3);
        Directory.Delete(folder.File("stopped/checkpoints"), recursive: true);
        File.AppendAllText(folder.File("stopped/metrics.jsonl"), "{\"step\":4,\"lo");
        Run("stopped", options, resume: true);
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void Every_damage_to_a_checkpoint_is_named_and_the_one_before_it_is_used()
    {
        var options = Options(AlignmentMethod.Lora);
        options = options with { Budget = options.Budget with { SaveEvery = 3 } };
        Run("whole", options);
        Stop("stopped", options, 10);
        Stop("other", options with { Seed = 2 }, 10);
        var checkpoints = Checkpoints.In(folder.File("stopped"));
        var newest = checkpoints[0];
        var id = RunFolder.Describe(folder.File("stopped")).Id;
        CheckpointManifest.Verify(newest, id);
        var random = new Random(11);
        foreach (var file in Directory.GetFiles(newest))
        {
            var good = File.ReadAllBytes(file);
            var damages = new List<Action>
            {
                () => File.Delete(file),
                () => File.Copy(
                    Path.Combine(Checkpoints.In(folder.File("other"))[0], Path.GetFileName(file)), file, overwrite: true),
            };
            damages.AddRange(new[] { 0, 1, good.Length / 2, good.Length - 1 }
                .Select<int, Action>(length => () => File.WriteAllBytes(file, good[..length])));
            damages.AddRange(Enumerable.Range(0, 200).Select<int, Action>(_ => () =>
            {
                var flipped = good.ToArray();
                flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, flipped);
            }));
            foreach (var damage in damages)
            {
                damage();
                // Settings that two runs share by value are the same file, whoever wrote it.
                if (File.Exists(file) && File.ReadAllBytes(file).AsSpan().SequenceEqual(good))
                    continue;
                var message = Assert.Throws<KalmException>(() => CheckpointManifest.Verify(newest, id)).Message;
                Assert.Contains(newest, message, StringComparison.Ordinal);
                File.WriteAllBytes(file, good);
            }
        }

        File.WriteAllBytes(Path.Combine(newest, TrainingState.TensorsName), [1, 2, 3]);
        var notes = new Notes();
        Run("stopped", options, resume: true, notes);
        Assert.Contains(notes.Texts, text =>
            text.Contains("passed over", StringComparison.Ordinal) && text.Contains(TrainingState.TensorsName, StringComparison.Ordinal));
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void Other_inputs_are_refused_with_the_difference()
    {
        var options = Options(AlignmentMethod.Lora);
        Stop("stopped", options, 5);
        Refused(options with { Optimizer = options.Optimizer with { LearningRate = 0.5 } }, "options.optimizer.learning_rate: found 0.5");
        Refused(options with { Threads = 1 }, "threads: found 1; expected 2");
        graph.With("train.txt", "bird8\tkind_of\tbird\n");
        Refused(options, "sha256.graph");

        void Refused(AlignmentOptions changed, string difference)
        {
            var message = Assert.Throws<KalmException>(() => Run("stopped", changed, resume: true)).Message;
            Assert.Contains(difference, message, StringComparison.Ordinal);
            Assert.InRange(message.Split('\n').Length, 1, 5);
        }
    }

    [Fact]
    public void A_complete_run_and_a_folder_that_is_no_run_are_not_resumed()
    {
        Run("whole", Options(AlignmentMethod.Lora) with { Budget = new BudgetOptions { Steps = 1 } });
        Assert.Contains("complete", Assert.Throws<KalmException>(() => Run("whole", Options(AlignmentMethod.Lora), resume: true)).Message,
            StringComparison.Ordinal);
        Assert.Contains("run.json", Assert.Throws<KalmException>(() => Run("none", Options(AlignmentMethod.Lora), resume: true)).Message,
            StringComparison.Ordinal);
    }

    private static AlignmentOptions Options(AlignmentMethod method) => new()
    {
        Method = method,
        Threads = 2,
        Budget = new BudgetOptions { Steps = 20, Validations = 2 },
        Batches = new BatchOptions { Triples = 24 },
        Optimizer = new OptimizerOptions
        {
            Kind = method == AlignmentMethod.Full ? OptimizerKind.Muon : OptimizerKind.Adamw, WarmupSteps = 3,
            Dropout = method == AlignmentMethod.Full ? 0.1 : 0, EmaDecay = method == AlignmentMethod.Full ? 0.9 : 0,
        },
        Explicit = new ExplicitOptions { SelfNegativeFrom = 0.3, LogqCorrection = method == AlignmentMethod.Full ? 1 : 0 },
        Implicit = new ImplicitOptions { Share = 0.1 },
    };

    private RunDescription Run(string name, AlignmentOptions options, bool resume = false, IProgress<ProgressEvent>? progress = null) =>
        AlignmentRun.Execute(new AlignmentInputs(model, graph.Path, folder.File(name)) { Resume = resume },
            options, progress, cancellation: TestContext.Current.CancellationToken);

    private void Stop(string name, AlignmentOptions options, int after)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => AlignmentRun.Execute(
            new AlignmentInputs(model, graph.Path, folder.File(name)), options,
            new StepWatch(step => { if (step == after) stop.Cancel(); }), cancellation: stop.Token));
    }

    private void AssertSame(string first, string second)
    {
        var result = Directory.Exists(folder.File($"{first}/adapter")) ? "adapter/adapter_model.safetensors" : "model/model.safetensors";
        Assert.Equal(Hash($"{first}/{result}"), Hash($"{second}/{result}"));
        Assert.Equal(Losses(first), Losses(second));
    }

    private string[] Losses(string run) => [.. File.ReadLines(folder.File($"{run}/metrics.jsonl")).Select(line =>
    {
        var json = JsonDocument.Parse(line).RootElement;
        return string.Join(' ', new[]
        {
            "step", "loss", "explicit", "implicit", "temperature", "learning_rate", "gradient_norm",
        }.Select(name => json.GetProperty(name).GetRawText()));
    })];

    private string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.File(file))));

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }

    private sealed class Notes : IProgress<ProgressEvent>
    {
        public List<string> Texts { get; } = [];

        public void Report(ProgressEvent value)
        {
            if (value is ProgressNote note)
                Texts.Add(note.Text);
        }
    }
}
