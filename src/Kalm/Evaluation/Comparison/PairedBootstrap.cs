namespace Kalm.Evaluation.Comparison;

/// <summary>How sure a difference of means is.</summary>
/// <param name="Difference">The mean difference.</param>
/// <param name="Low">The lower end of its 95 % interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="Probability">p, two-sided: how often a difference at least as great, either way, comes of the draw of queries where there
/// is none.</param>
public sealed record BootstrapDifference(double Difference, double Low, double High, double Probability);

/// <summary>The paired bootstrap: how mean differences would have come out with other queries of the same kind, drawn anew with replacement
/// from those at hand (Efron 1979; for two systems on the same inputs Koehn 2004). Intervals are percentiles of the draws; p counts the
/// draws that lie as far from the difference as the difference from 0.</summary>
public static class PairedBootstrap
{
    /// <summary>The part of the draws that lies within an interval.</summary>
    public const double Confidence = 0.95;

    /// <summary>Draws all measures with the same queries.</summary>
    /// <param name="differences">Of each query, [queries x measures] row by row.</param>
    /// <param name="measures">How many measures a query has.</param>
    /// <param name="resamples">How many draws, each of as many queries as there are.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="progress">Told how many are drawn; may be null.</param>
    /// <param name="cancellation">Stops between draws.</param>
    public static IReadOnlyList<BootstrapDifference> Of(
        ReadOnlySpan<double> differences, int measures, int resamples, long seed, IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(differences.Length, measures);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        var queries = differences.Length / measures;
        int[] chosen = [.. Enumerable.Range(0, queries)];
        var found = Sums(differences, measures, chosen);
        var drawn = new double[measures][];
        for (var measure = 0; measure < measures; measure++)
            drawn[measure] = new double[resamples];
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        var relay = Relay.Of(progress, "drawing queries", resamples);
        for (var draw = 0; draw < resamples; draw++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var place = 0; place < queries; place++)
                chosen[place] = random.Next(queries);
            var sums = Sums(differences, measures, chosen);
            for (var measure = 0; measure < measures; measure++)
                drawn[measure][draw] = sums[measure];
            relay?.Report(draw + 1);
        }
        return [.. drawn.Select((sums, measure) => Difference(sums, found[measure], queries))];
    }

    private static double[] Sums(ReadOnlySpan<double> differences, int measures, ReadOnlySpan<int> queries)
    {
        var sums = new double[measures];
        foreach (var query in queries)
            for (var measure = 0; measure < measures; measure++)
                sums[measure] += differences[query * measures + measure];
        return sums;
    }

    private static BootstrapDifference Difference(double[] drawn, double found, int queries)
    {
        var asFar = drawn.Count(sum => Math.Abs(sum - found) >= Math.Abs(found));
        Array.Sort(drawn);
        return new BootstrapDifference(found / queries, Quantile((1 - Confidence) / 2), Quantile((1 + Confidence) / 2),
            // The difference itself counts as a draw, so that p is never 0.
            (asFar + 1.0) / (drawn.Length + 1.0));

        double Quantile(double share)
        {
            var place = share * (drawn.Length - 1);
            var (below, above) = (drawn[(int)place], drawn[(int)Math.Ceiling(place)]);
            return (below + (place - (int)place) * (above - below)) / queries;
        }
    }
}
