using System.Diagnostics;

namespace Kalm.Language.Training;

/// <summary>How long to train: a number of steps, or a wall time that the first seconds turn into one, so that schedule and
/// resume follow steps alone.</summary>
public sealed class TrainingBudget
{
    private const double MeasuredShare = 0.03;
    private const double LongestMeasure = 30;
    private const int UnmeasuredSteps = 3;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly double? seconds;
    private readonly List<double> ends = [];
    private double measureStart;

    private TrainingBudget(int? steps, double? seconds) => (TotalSteps, this.seconds) = (steps, seconds);

    /// <summary>The number of steps; null until it is fixed.</summary>
    public int? TotalSteps { get; private set; }

    /// <summary>The wall time since the budget was made, in seconds.</summary>
    public double Elapsed => clock.Elapsed.TotalSeconds;

    /// <summary>A fixed number of steps.</summary>
    public static TrainingBudget OfSteps(int steps) => new(steps, null);

    /// <summary>A wall time; the clock starts now.</summary>
    public static TrainingBudget OfMinutes(double minutes) => new(null, minutes * 60);

    /// <summary>Looks at the clock after a step and fixes the number of steps once enough was measured.</summary>
    /// <param name="done">Steps done.</param>
    /// <param name="latest">The step by which the number must be fixed.</param>
    /// <param name="reservedSeconds">Time to keep for other work than steps (validation).</param>
    /// <returns>True in the call that fixed it.</returns>
    public bool Measure(int done, int latest, double reservedSeconds)
    {
        if (TotalSteps is not null || seconds is not { } budget)
            return false;
        ends.Add(Elapsed);
        if (done <= UnmeasuredSteps)
        {
            // The first steps compile code and fill caches.
            measureStart = Elapsed;
            if (Elapsed < budget)
                return false;
        }
        var measured = Elapsed - measureStart;
        if (measured < Math.Min(LongestMeasure, budget * MeasuredShare) && done < latest && Elapsed < budget)
            return false;
        // What is compiled on the way makes the first half slower than all that follow.
        var middle = ends.Count / 2;
        var perStep = done > UnmeasuredSteps ? (ends[^1] - ends[middle - 1]) / (ends.Count - middle) : Elapsed / done;
        TotalSteps = done + Math.Max(0, (int)((budget - Elapsed - reservedSeconds) / perStep));
        return true;
    }
}
