namespace Kalm.Cli.Progress;

/// <summary>Measures the rate of a stage from its own reports, which carry none.</summary>
/// <param name="time">The clock.</param>
internal sealed class StageClock(TimeProvider time)
{
    private string? stage;
    private int firstDone;
    private int lastDone;
    private long start;

    /// <summary>Takes a report in.</summary>
    /// <returns>Items a second and the time left; null until the stage's second report.</returns>
    public (double? Rate, TimeSpan? Remaining) Measure(ProgressStage report)
    {
        // A stage that begins again, such as the next validation, is a stage of its own.
        if (report.Stage != stage || report.Done <= lastDone)
            (stage, firstDone, start) = (report.Stage, report.Done, time.GetTimestamp());
        lastDone = report.Done;
        var elapsed = time.GetElapsedTime(start).TotalSeconds;
        if (report.Done == firstDone || elapsed <= 0)
            return (null, null);
        var rate = (report.Done - firstDone) / elapsed;
        return (rate, TimeSpan.FromSeconds((report.Total - report.Done) / rate));
    }
}
