using System.Diagnostics;

namespace Kalm.Language.Sources.Hub;

/// <summary>Counts the bytes of a fetch and reports them, at most ten times a second.</summary>
internal sealed class HubMeter(IProgress<HubProgress>? progress)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    private readonly Queue<(long At, long Received)> marks = new();
    private HubFileState file = new("", "", 0);
    private long fileDone;
    private long earlier;
    private long total;
    private long lastReport;

    /// <summary>Bytes that came over the network.</summary>
    public long Received { get; private set; }

    /// <summary>Announces files to come.</summary>
    public void Expect(long bytes) => total += bytes;

    /// <summary>Begins a file of which some bytes are there.</summary>
    public void Begin(HubFileState next, long done)
    {
        (file, fileDone) = (next, done);
        Report(null);
    }

    /// <summary>Counts bytes received.</summary>
    public void Add(int bytes)
    {
        fileDone += bytes;
        Received += bytes;
        if (Stopwatch.GetElapsedTime(lastReport) >= Interval)
            Report(null);
    }

    /// <summary>The file begins again.</summary>
    public void Restart() => fileDone = 0;

    /// <summary>The file is complete, wherever it came from.</summary>
    public void End()
    {
        fileDone = file.Size;
        Report(null);
        (earlier, fileDone) = (earlier + file.Size, 0);
    }

    /// <summary>Reports at once, with a reason why nothing moves.</summary>
    public void Report(string? note)
    {
        lastReport = Stopwatch.GetTimestamp();
        progress?.Report(new HubProgress(file.Name, fileDone, file.Size, earlier + fileDone, total, Rate(), note));
    }

    private double Rate()
    {
        marks.Enqueue((lastReport, Received));
        while (marks.Count > 2 && Stopwatch.GetElapsedTime(marks.Peek().At, lastReport) > Window)
            marks.Dequeue();
        var (at, received) = marks.Peek();
        var seconds = Stopwatch.GetElapsedTime(at, lastReport).TotalSeconds;
        return seconds > 0 ? (Received - received) / seconds : 0;
    }
}
