using Kalm.Evaluation;
using Kalm.Language.Training;

namespace Kalm.Cli.Progress;

/// <summary>Shows how far long work has come. It draws on the thread that reports, because a report that waits in a queue would show
/// after the end of the work; the lock is for the signal handler, which adds a note from its own thread.</summary>
internal abstract class ProgressView : IProgress<TrainingEvent>, IProgress<EvaluationProgress>
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public void Report(TrainingEvent value)
    {
        lock (gate)
            switch (value)
            {
                case TrainingNote note:
                    ShowNote(note.Text);
                    break;
                case TrainingStage stage:
                    ShowStage(stage);
                    break;
                case TrainingStep step:
                    ShowStep(step);
                    break;
            }
    }

    /// <inheritdoc/>
    public void Report(EvaluationProgress value) => Report(new TrainingStage(value.Stage, value.Done, value.Total));

    /// <summary>Shows a line that stays.</summary>
    public void Note(string text) => Report(new TrainingNote(text));

    /// <summary>Shows a line that stays.</summary>
    protected abstract void ShowNote(string text);

    /// <summary>Shows how far a stage has come.</summary>
    protected abstract void ShowStage(TrainingStage stage);

    /// <summary>Shows a training step.</summary>
    protected abstract void ShowStep(TrainingStep step);
}

/// <summary>Shows nothing.</summary>
internal sealed class QuietProgress : ProgressView
{
    /// <inheritdoc/>
    protected override void ShowNote(string text) { }

    /// <inheritdoc/>
    protected override void ShowStage(TrainingStage stage) { }

    /// <inheritdoc/>
    protected override void ShowStep(TrainingStep step) { }
}
