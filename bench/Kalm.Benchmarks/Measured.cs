using System.Diagnostics;

namespace Kalm.Benchmarks;

/// <summary>Repeated measurements; the machine may be busy with other things, so the median counts.</summary>
internal static class Measured
{
    /// <summary>The median.</summary>
    public static double Median(this IReadOnlyList<double> values)
    {
        var ordered = values.Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }

    /// <summary>The median of the rounds' ratios: what slows a round down slows both of its halves.</summary>
    public static double Ratio(this IReadOnlyList<double> above, IReadOnlyList<double> below) =>
        above.Zip(below, (first, second) => first / second).ToList().Median();

    /// <summary>The wall time of an action.</summary>
    public static double Seconds(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalSeconds;
    }
}
