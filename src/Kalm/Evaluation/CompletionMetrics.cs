namespace Kalm.Evaluation;

/// <summary>How ties between the right answer and other candidates count.</summary>
public enum TieRule
{
    /// <summary>The mean of the other two.</summary>
    Realistic,

    /// <summary>For the answer.</summary>
    Optimistic,

    /// <summary>Against the answer.</summary>
    Pessimistic,
}

/// <summary>The usual summary of filtered ranks.</summary>
/// <param name="Queries">The number of queries.</param>
/// <param name="MeanRank">MR.</param>
/// <param name="MeanReciprocalRank">MRR, 0..1.</param>
/// <param name="HitsAt1">The share of ranks of at most 1.</param>
/// <param name="HitsAt3">The share of ranks of at most 3.</param>
/// <param name="HitsAt10">The share of ranks of at most 10.</param>
public sealed record CompletionMetrics(
    int Queries, double MeanRank, double MeanReciprocalRank, double HitsAt1, double HitsAt3, double HitsAt10)
{
    /// <summary>Summarises ranks; null when there are none, because a mean of nothing is no number.</summary>
    public static CompletionMetrics? Of(IEnumerable<FilteredRank> ranks, TieRule ties = TieRule.Realistic)
    {
        var values = ranks.Select(rank => ties switch
        {
            TieRule.Optimistic => rank.Optimistic,
            TieRule.Pessimistic => rank.Pessimistic,
            _ => rank.Realistic,
        }).ToArray();
        return values.Length == 0 ? null : new CompletionMetrics(
            values.Length, values.Average(), values.Average(rank => 1 / rank), Hits(1), Hits(3), Hits(10));

        double Hits(int limit) => values.Count(rank => rank <= limit) / (double)values.Length;
    }
}
