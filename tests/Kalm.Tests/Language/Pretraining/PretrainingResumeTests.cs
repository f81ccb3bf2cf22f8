using Kalm.Files;
using Kalm.Language.Pretraining;
using Kalm.Language.Training;
using Kalm.Tests.Alignment;

namespace Kalm.Tests.Language.Pretraining;

public sealed class PretrainingResumeTests : IDisposable
{
    private static readonly string[] Texts =
        [.. Enumerable.Range(0, 60).Select(index => $"thing {index} is near thing {index * 37 % 60} and far from {index * 11 % 60}")];

    // Some three passes over the texts.
    private static readonly PretrainingOptions Options = new()
    {
        Preset = new ModelPreset("test", 32, 2, 4, 48, 300, 256), Steps = 14, BatchTokens = 256, Threads = 2, WarmupSteps = 4,
    };

    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(13)]
    public void A_stopped_and_resumed_pretraining_equals_an_uninterrupted_one(int stopAfter)
    {
        var loss = Pretrainer.Run(Texts, folder.File("whole"), Options, cancellation: TestContext.Current.CancellationToken);
        Stop("stopped", Options, stopAfter);
        Assert.False(Directory.Exists(folder.File("stopped")));
        var notes = new List<string>();
        Assert.Equal(loss, Resume("stopped", Options, notes: notes));
        Assert.Contains($"resuming after step {stopAfter}", notes);
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void It_may_be_stopped_again_and_again()
    {
        Pretrainer.Run(Texts, folder.File("whole"), Options, cancellation: TestContext.Current.CancellationToken);
        Stop("stopped", Options, 3);
        Stop("stopped", Options, 4, resume: true);
        Stop("stopped", Options, 9, resume: true);
        Resume("stopped", Options);
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void A_damaged_checkpoint_is_named_and_the_one_before_it_is_used()
    {
        var options = Options with { SaveEvery = 4 };
        Pretrainer.Run(Texts, folder.File("whole"), options, cancellation: TestContext.Current.CancellationToken);
        Stop("stopped", options, 10);
        var newest = Checkpoints.In(folder.File("stopped.part"))[0];
        var file = Path.Combine(newest, TrainingState.TensorsName);
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        // What a process leaves that is killed while it writes.
        folder.Write("stopped.part/checkpoints/.step-00000012.partial-1/training.json", "{}");
        folder.Write(".stopped.partial-1/config.json", "{");
        var notes = new List<string>();
        Resume("stopped", options, notes: notes);
        Assert.Contains(notes, note => note.Contains("passed over", StringComparison.Ordinal) && note.Contains(file, StringComparison.Ordinal));
        Assert.Contains("resuming after step 8", notes);
        AssertSame("whole", "stopped");
    }

    [Fact]
    public void Without_a_step_nothing_is_kept()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => Pretrainer.Run(
            Texts, folder.File("a/b/model"), Options, kept: folder.File("a/b/model.part"), cancellation: stop.Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Other_texts_and_options_are_refused_with_the_difference()
    {
        Stop("stopped", Options, 5);
        Refused(Options with { Seed = 2 }, Texts, "options.seed: found 2; expected 1");
        Refused(Options with { Steps = null, Minutes = 1 }, Texts, "options.minutes: found 1; expected null");
        Refused(Options with { Threads = 1 }, Texts, "options.threads: found 1; expected 2");
        Refused(Options with { Preset = Options.Preset with { Layers = 3 } }, Texts, "options.preset.layers: found 3; expected 2");
        Refused(Options, Texts[1..], "texts: found 59; expected 60");
        Refused(Options, [.. Texts[..^1], "another"], "sha256: found");
        Resume("stopped", Options);

        void Refused(PretrainingOptions changed, string[] texts, string difference)
        {
            var message = Assert.Throws<KalmException>(() => Resume("stopped", changed, texts)).Message;
            Assert.StartsWith($"{folder.File("stopped.part")}: cannot be resumed", message, StringComparison.Ordinal);
            Assert.Contains(difference, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_another_pretraining_left_is_neither_overwritten_nor_missed()
    {
        var missing = Assert.Throws<KalmException>(() => Resume("none", Options)).Message;
        Assert.Contains("expected a stopped pretraining", missing, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        Stop("stopped", Options, 5);
        Assert.Contains("expected --resume", Assert.Throws<KalmException>(Begin).Message, StringComparison.Ordinal);
        using (FileLock.TryTake(folder.File("stopped.part/lock")))
        {
            Assert.Contains("another process", Assert.Throws<KalmException>(() => Resume("stopped", Options)).Message, StringComparison.Ordinal);
            Assert.Contains("another process", Assert.Throws<KalmException>(Begin).Message, StringComparison.Ordinal);
        }
        Resume("stopped", Options);
    }

    private void Begin() => Pretrainer.Run(
        Texts, folder.File("stopped"), Options, kept: folder.File("stopped.part"), cancellation: TestContext.Current.CancellationToken);

    private void Stop(string name, PretrainingOptions options, int after, bool resume = false)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Pretrainer.Run(
            Texts, folder.File(name), options,
            new StepWatch(step =>
            {
                if (step == after)
                    stop.Cancel();
            }), folder.File(name + ".part"), resume, cancellation: stop.Token));
    }

    private double Resume(string name, PretrainingOptions options, string[]? texts = null, List<string>? notes = null) =>
        Pretrainer.Run(texts ?? Texts, folder.File(name), options, new Notes(notes ?? []), folder.File(name + ".part"), resume: true,
            cancellation: TestContext.Current.CancellationToken);

    private void AssertSame(string first, string second)
    {
        foreach (var file in Directory.GetFiles(folder.File(first)))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder.File(second), Path.GetFileName(file))));
        Assert.Equal([first, second], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).OrderDescending());
    }

    public void Dispose() => folder.Dispose();

    private sealed class Notes(List<string> texts) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value is ProgressNote note)
                texts.Add(note.Text);
        }
    }
}
