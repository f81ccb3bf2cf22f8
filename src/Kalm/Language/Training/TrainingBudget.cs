using Kalm.Distributed;

namespace Kalm.Language.Training;

/// <summary>How long to train: a number of steps, or a wall time. The first seconds turn a wall time into steps, which the schedule
/// follows; whenever half of what was left then has gone, the rest is measured again, so that the end comes closer to its time.</summary>
public sealed class TrainingBudget
{
    private const double MeasuredShare = 0.03;
    private const double LongestMeasure = 30;
    private const int UnmeasuredSteps = 3;
    private const int RateSteps = 50;
    private readonly TimeProvider time;
    private readonly long since;
    private readonly double? seconds;
    private readonly double begun;
    // When each step ended, without what was no step.
    private readonly List<double> ends = [];
    private double paused;
    private int measuredFrom;
    // When it is fixed again: with this time left, or after these steps.
    private double nextLeft;
    private int nextDone;

    private TrainingBudget(int? steps, double? seconds, TimeProvider? time, long? since)
    {
        (TotalSteps, this.seconds, this.time) = (steps, seconds, time ?? TimeProvider.System);
        this.since = since ?? this.time.GetTimestamp();
        begun = Elapsed;
    }

    /// <summary>The number of steps; null until it is fixed.</summary>
    public int? TotalSteps { get; private set; }

    /// <summary>The wall time since the start, in seconds.</summary>
    public double Elapsed => time.GetElapsedTime(since).TotalSeconds;

    /// <summary>Steps a second over the last steps, without pauses; 0 before the first.</summary>
    public double StepsPerSecond => ends.Count == 0 ? 0 : 1 / Math.Max(1e-9, PerStep(Math.Max(0, ends.Count - RateSteps)));

    /// <summary>A fixed number of steps.</summary>
    /// <param name="steps">The number.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static TrainingBudget OfSteps(int steps, TimeProvider? time = null) => new(steps, null, time, null);

    /// <summary>A wall time.</summary>
    /// <param name="minutes">The time.</param>
    /// <param name="since">The timestamp of the clock at which it began; now when null.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static TrainingBudget OfMinutes(double minutes, long? since = null, TimeProvider? time = null) =>
        new(null, minutes * 60, time, since);

    /// <summary>Tells of work between two steps that was none, in seconds.</summary>
    public void Pause(double length) => paused += length;

    /// <summary>Looks at the clock after a step. Fixes the number of steps once enough was measured, and again whenever half of the
    /// time or of the steps that were left has gone.</summary>
    /// <param name="done">Steps done.</param>
    /// <param name="latest">The step by which the number must be fixed.</param>
    /// <param name="reservedSeconds">Time to keep for other work than steps: what of it is still to come.</param>
    /// <returns>True in a call that fixed it.</returns>
    public bool Measure(int done, int latest, double reservedSeconds)
    {
        ends.Add(Elapsed - paused);
        if (seconds is not { } budget)
            return false;
        var left = budget - Elapsed - reservedSeconds;
        if (TotalSteps is null ? left > 0 && done < latest && !IsMeasured(budget) : left > nextLeft && done < nextDone)
            return false;
        if (TotalSteps is null && ends.Count > UnmeasuredSteps)
            // What is compiled on the way makes the first half slower than all that follow.
            measuredFrom = ends.Count / 2;
        TotalSteps = done + Math.Max(0, (int)(left / PerStep(measuredFrom)));
        (nextLeft, nextDone, measuredFrom) = (left / 2, done + (TotalSteps.Value - done) / 2, ends.Count);
        return true;
    }

    /// <summary>The same by the clock of the first rank, for all.</summary>
    /// <param name="done">Steps done.</param>
    /// <param name="latest">The step by which the number must be fixed.</param>
    /// <param name="reservedSeconds">As above; what the first rank gives counts.</param>
    /// <param name="ranks">Who trains together; all call this after the same step.</param>
    /// <returns>True in a call that fixed it.</returns>
    public bool Measure(int done, int latest, double reservedSeconds, ICollectives ranks)
    {
        var isFixed = Measure(done, latest, reservedSeconds);
        if (ranks.Count == 1 || seconds is null)
            return isFixed;
        long[] told = ranks.IsFirst() ? [isFixed ? 1 : 0, TotalSteps ?? -1] : [-1, -1];
        ranks.Max(told);
        TotalSteps = told[1] < 0 ? null : (int)told[1];
        return told[0] > 0;
    }

    /// <summary>The time to the end; null while the number of steps is not fixed.</summary>
    /// <param name="done">Steps done, at least one of them here.</param>
    /// <param name="reservedSeconds">As for <see cref="Measure(int, int, double)"/>.</param>
    public TimeSpan? Remaining(int done, double reservedSeconds) => TotalSteps is { } total
        ? TimeSpan.FromSeconds((total - done) / StepsPerSecond + reservedSeconds) : null;

    // The first steps compile code and fill caches.
    private bool IsMeasured(double budget) => ends.Count > UnmeasuredSteps
        && ends[^1] - ends[UnmeasuredSteps - 1] >= Math.Min(LongestMeasure, budget * MeasuredShare);

    private double PerStep(int first) => (ends[^1] - (first == 0 ? begun : ends[first - 1])) / (ends.Count - first);
}
