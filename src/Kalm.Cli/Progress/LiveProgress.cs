using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kalm.Cli.Progress;

/// <summary>Progress on a terminal: two lines drawn over themselves, below the notes.</summary>
/// <param name="console">Where the notes go.</param>
/// <param name="live">The region drawn over.</param>
internal sealed class LiveProgress(IAnsiConsole console, LiveDisplayContext live) : ProgressView
{
    private const int LongestBar = 30;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly StageClock clock = new(TimeProvider.System);
    private long lastDrawing;
    private string lastStage = "";

    // A line that wrapped would not be drawn over, and the last column of a line moves the cursor.
    private int Width => console.Profile.Width - 1;

    /// <inheritdoc/>
    protected override void ShowNote(string text) => console.Write(new OverOldLines(text));

    /// <inheritdoc/>
    protected override void ShowStage(ProgressStage stage)
    {
        var (rate, remaining) = clock.Measure(stage);
        Draw(stage.Stage, stage.Done, stage.Total, ProgressText.Count(stage), ProgressText.Left(remaining), [rate]);
    }

    /// <inheritdoc/>
    protected override void ShowStep(ProgressStep step) => Draw(
        "training", step.Step, step.TotalSteps, ProgressText.Count(step.Step, step.TotalSteps), ProgressText.Left(step.Remaining),
        [ProgressText.Rate(step.Rate, step.RateUnit), .. ProgressText.Measures(step.Measures)]);

    private void Draw(string stage, int done, int? total, string count, string left, IReadOnlyList<string> details)
    {
        if (stage == lastStage && TimeProvider.System.GetElapsedTime(lastDrawing) < Interval)
            return;
        var state = ProgressText.Join(count, left);
        // What is narrowest says most: the count, then the stage, then the bar.
        var name = ProgressText.Fit([stage], Width - state.Length - 2);
        var width = state.Length == 0 ? 0 : Math.Clamp(Width - name.Length - state.Length - 4, 0, LongestBar);
        var filled = total is > 0 and var all ? (int)Math.Clamp((long)width * done / all, 0, width) : 0;
        var bar = $"[green]{new string('━', filled)}[/][grey]{new string('━', width - filled)}[/]";
        live.UpdateTarget(new Rows(
            new Markup(ProgressText.Join(Markup.Escape(name), width > 0 ? bar : "", ProgressText.Fit([state], Width))),
            new Text(ProgressText.Fit(details, Width))));
        (lastStage, lastDrawing) = (stage, TimeProvider.System.GetTimestamp());
    }

    /// <summary>A note that is written where the region was drawn, which is longer perhaps, and taller.</summary>
    private sealed class OverOldLines(string text) : Renderable
    {
        // Line by line: some terminals keep what is erased down to the end of the screen.
        private const string EraseBoth = "\u001b7\u001b[K\u001b[1B\r\u001b[K\u001b8";

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [Segment.Control(EraseBoth), .. ((IRenderable)new Text(text)).Render(options, maxWidth), Segment.LineBreak];
    }
}
