using Spectre.Console;

namespace Kalm.Cli.Progress;

/// <summary>Progress on a terminal: two lines drawn over themselves, below the notes.</summary>
/// <param name="console">Where the notes go.</param>
/// <param name="live">The region drawn over.</param>
internal sealed class LiveProgress(IAnsiConsole console, LiveDisplayContext live) : ProgressView
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly StageClock clock = new(TimeProvider.System);
    private long lastDrawing;
    private string lastStage = "";

    /// <inheritdoc/>
    protected override void ShowNote(string text) => console.WriteLine(text);

    /// <inheritdoc/>
    protected override void ShowStage(ProgressStage stage)
    {
        var (rate, remaining) = clock.Measure(stage);
        Draw(stage.Stage, stage.Done, stage.Total, ProgressText.Left(remaining), rate);
    }

    /// <inheritdoc/>
    protected override void ShowStep(ProgressStep step) => Draw(
        "training", step.Step, step.TotalSteps, ProgressText.Left(step.Remaining),
        ProgressText.Join(ProgressText.Measures(step.Measures), ProgressText.Rate(step.Rate, step.RateUnit)));

    private void Draw(string stage, int done, int? total, string left, string details)
    {
        if (stage == lastStage && TimeProvider.System.GetElapsedTime(lastDrawing) < Interval)
            return;
        var filled = total is > 0 and var all ? (int)Math.Clamp((long)BarWidth * done / all, 0, BarWidth) : 0;
        var bar = $"[green]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/]";
        var state = ProgressText.Join(ProgressText.Count(done, total), left);
        live.UpdateTarget(new Rows(
            new Markup($"{Markup.Escape(stage)}  {bar}  {state}") { Overflow = Overflow.Ellipsis },
            new Text(details) { Overflow = Overflow.Ellipsis }));
        (lastStage, lastDrawing) = (stage, TimeProvider.System.GetTimestamp());
    }
}
