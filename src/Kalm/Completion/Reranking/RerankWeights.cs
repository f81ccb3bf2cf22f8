namespace Kalm.Completion.Reranking;

/// <summary>How much each signal counts beside the embeddings' score, all in logarithms of odds; with zeros the order stays.</summary>
/// <param name="Verdict">Of the trained verdict.</param>
/// <param name="Backward">Of the query read the other way: the cosine of (candidate, inverse relation) and the query's entity, divided by
/// the temperature.</param>
/// <param name="Mirrored">Of train holding the same statement from its other side, which tells for relations that read the same both
/// ways.</param>
public sealed record RerankWeights(double Verdict, double Backward, double Mirrored)
{
    /// <summary>Whether nothing but the embeddings' score counts.</summary>
    public bool AreZero() => this is { Verdict: 0, Backward: 0, Mirrored: 0 };
}

/// <summary>What is known of the candidates of a query, one number each.</summary>
/// <param name="Scores">The cosines, divided by the temperature.</param>
/// <param name="Verdicts">The trained verdicts.</param>
/// <param name="Backward">The cosines of the query read the other way, divided by the temperature.</param>
/// <param name="Mirrored">1 where train holds the same statement from its other side, else 0.</param>
public sealed record RerankSignals(double[] Scores, double[] Verdicts, double[] Backward, double[] Mirrored)
{
    /// <summary>The sum by which candidates are ordered.</summary>
    public double[] Fused(RerankWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var fused = new double[Scores.Length];
        for (var index = 0; index < fused.Length; index++)
            fused[index] = Scores[index] + weights.Verdict * Verdicts[index] + weights.Backward * Backward[index]
                + weights.Mirrored * Mirrored[index];
        return fused;
    }
}
