using Kalm.Evaluation;

namespace Kalm.Cli.Progress;

/// <summary>Shows how far long work has come. It draws on the thread that reports, because a report that waits in a queue would show
/// after the end of the work; the lock is for the signal handler, which adds a note from its own thread.</summary>
internal abstract class ProgressView : IProgress<ProgressEvent>, IProgress<EvaluationProgress>
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public void Report(ProgressEvent value)
    {
        lock (gate)
            switch (value)
            {
                case ProgressNote note:
                    ShowNote(note.Text);
                    break;
                case ProgressStage stage:
                    ShowStage(stage);
                    break;
                case ProgressStep step:
                    ShowStep(step);
                    break;
            }
    }

    /// <inheritdoc/>
    public void Report(EvaluationProgress value) => Report(new ProgressStage(value.Stage, value.Done, value.Total)
    {
        Tokens = value.Tokens,
    });

    /// <summary>Shows a line that stays.</summary>
    public void Note(string text) => Report(new ProgressNote(text));

    /// <summary>Shows a line that stays.</summary>
    protected abstract void ShowNote(string text);

    /// <summary>Shows how far a stage has come.</summary>
    protected abstract void ShowStage(ProgressStage stage);

    /// <summary>Shows a training step.</summary>
    protected abstract void ShowStep(ProgressStep step);
}

/// <summary>Shows nothing.</summary>
internal sealed class QuietProgress : ProgressView
{
    /// <inheritdoc/>
    protected override void ShowNote(string text) { }

    /// <inheritdoc/>
    protected override void ShowStage(ProgressStage stage) { }

    /// <inheritdoc/>
    protected override void ShowStep(ProgressStep step) { }
}
