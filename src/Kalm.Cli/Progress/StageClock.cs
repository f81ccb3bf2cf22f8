namespace Kalm.Cli.Progress;

/// <summary>Measures the rate of a stage from its own reports, which carry none.</summary>
/// <param name="time">The clock.</param>
internal sealed class StageClock(TimeProvider time)
{
    private ProgressStage? first;
    private int lastDone;
    private long start;

    /// <summary>Takes a report in.</summary>
    /// <returns>The rate in words, empty until the stage's second report, and the time left, null until then.</returns>
    public (string Rate, TimeSpan? Remaining) Measure(ProgressStage report)
    {
        // A stage that begins again, such as the next validation, is a stage of its own.
        if (first is null || report.Stage != first.Stage || report.Done <= lastDone)
            (first, start) = (report, time.GetTimestamp());
        lastDone = report.Done;
        var elapsed = time.GetElapsedTime(start).TotalSeconds;
        if (report.Done == first.Done || elapsed <= 0)
            return ("", null);
        var rate = (report.Done - first.Done) / elapsed;
        return (
            report.Tokens - first.Tokens is { } tokens
                ? ProgressText.Join(ProgressText.Rate(rate, "texts/s"), ProgressText.Rate(tokens / elapsed, "tokens/s"))
                : ProgressText.Rate(rate, ""),
            TimeSpan.FromSeconds((report.Total - report.Done) / rate));
    }
}
