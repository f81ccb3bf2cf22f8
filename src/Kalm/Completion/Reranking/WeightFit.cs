using Kalm.Evaluation;

namespace Kalm.Completion.Reranking;

/// <summary>What re-ranking gains on the validation split.</summary>
/// <param name="Queries">How many queries it was measured on.</param>
/// <param name="Before">Filtered MRR by the embeddings alone.</param>
/// <param name="After">Filtered MRR re-ranked, each half of the queries with the weights that the other half chose.</param>
public sealed record RerankGain(int Queries, double Before, double After);

/// <summary>Fits the weights of the signals on ranked queries of the validation split, by MRR. Re-ranking that gains less than
/// <see cref="LeastGain"/>, or less than two standard errors, on queries that did not choose its weights gets none, so that it never
/// hurts.</summary>
public static class WeightFit
{
    /// <summary>Less MRR than this is no gain.</summary>
    public const double LeastGain = 0.001;

    private static readonly double[] Verdicts = [0, 0.1, 0.2, 0.3, 0.45, 0.7, 1, 1.5, 2.2];
    private static readonly double[] Backward = [0, 0.15, 0.3, 0.5, 0.75, 1, 1.4];
    private static readonly double[] Mirrored = [0, 1, 2, 4, 8, 16];

    /// <summary>Fits.</summary>
    /// <param name="ranked">The queries with their best candidates.</param>
    /// <param name="signals">The signals of each.</param>
    public static (RerankWeights Weights, RerankGain Gain) Of(IReadOnlyList<RankedQuery> ranked, IReadOnlyList<RerankSignals> signals)
    {
        ArgumentNullException.ThrowIfNull(ranked);
        var none = new RerankWeights(0, 0, 0);
        if (ranked.Count == 0)
            return (none, new RerankGain(0, 0, 0));
        int[] even = [.. Enumerable.Range(0, ranked.Count).Where(IsEven)];
        int[] odd = [.. Enumerable.Range(0, ranked.Count).Where(index => !IsEven(index))];
        var (ofEven, ofOdd) = (Best(even), Best(odd));
        var before = Enumerable.Range(0, ranked.Count).Select(index => Reciprocal(index, none)).ToArray();
        var after = Enumerable.Range(0, ranked.Count).Select(index => Reciprocal(index, IsEven(index) ? ofOdd : ofEven)).ToArray();
        var gain = new RerankGain(ranked.Count, before.Average(), after.Average());
        var spread = before.Zip(after, (old, found) => Math.Pow(found - old - (gain.After - gain.Before), 2)).Average();
        var least = Math.Max(LeastGain, 2 * Math.Sqrt(spread / ranked.Count));
        return (gain.After - gain.Before < least ? none : Best([.. even, .. odd]), gain);

        // Triples stand as two queries in a row, which belong to one half.
        bool IsEven(int index) => index / 2 % 2 == 0;

        // Of equal ones the first, which has the smaller weights.
        RerankWeights Best(int[] queries) => (
            from mirrored in Mirrored
            from backward in Backward
            from verdict in Verdicts
            select new RerankWeights(verdict, backward, mirrored)).AsParallel().AsOrdered()
            .Select(weights => (Weights: weights, Sum: queries.Sum(index => Reciprocal(index, weights)))).ToList()
            .MaxBy(item => item.Sum).Weights;

        double Reciprocal(int index, RerankWeights weights) =>
            1 / RerankedRanks.Of(ranked[index], signals[index].Fused(weights)).Realistic;
    }
}
