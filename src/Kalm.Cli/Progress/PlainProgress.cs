namespace Kalm.Cli.Progress;

/// <summary>Progress for files and pipes: a line at most every ten seconds, the last step, and every note.</summary>
/// <param name="writer">Where the lines go.</param>
/// <param name="time">The clock.</param>
internal sealed class PlainProgress(TextWriter writer, TimeProvider time) : ProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly StageClock clock = new(time);
    private long lastLine = time.GetTimestamp();

    /// <inheritdoc/>
    protected override void ShowNote(string text) => writer.WriteLine(text);

    /// <inheritdoc/>
    protected override void ShowStage(ProgressStage stage)
    {
        var (rate, remaining) = clock.Measure(stage);
        if (IsDue())
            Write(ProgressText.Join(
                $"{stage.Stage} {ProgressText.Count(stage)}".TrimEnd(), rate, ProgressText.Left(remaining)));
    }

    /// <inheritdoc/>
    protected override void ShowStep(ProgressStep step)
    {
        if (IsDue() || step.Step == step.TotalSteps)
            Write(ProgressText.Join([
                $"step {ProgressText.Count(step.Step, step.TotalSteps)}", .. ProgressText.Measures(step.Measures),
                ProgressText.Rate(step.Rate, step.RateUnit), ProgressText.Left(step.Remaining)]));
    }

    private bool IsDue() => time.GetElapsedTime(lastLine) >= Interval;

    private void Write(string line)
    {
        writer.WriteLine(line);
        lastLine = time.GetTimestamp();
    }
}
