namespace Kalm.Alignment.Options;

/// <summary>What a step takes of the train triples.</summary>
public sealed record BatchOptions
{
    /// <summary>Triples a step.</summary>
    public int Triples { get; init; } = 256;

    /// <summary>Whether a step takes both directions of each of its triples; otherwise one of them, and the other at another
    /// time.</summary>
    public bool BothDirections { get; init; } = true;

    /// <summary>Whether a step also learns what train holds among the entities of its triples: further rows for the price of their
    /// relations.</summary>
    public bool InducedFacts { get; init; }

    /// <summary>Whether a step computes its forward pass twice, the second time a few rows at a time, so that its memory does not grow with
    /// the batch; the gradient is the same.</summary>
    public bool GradientCache { get; init; }

    /// <summary>The probability with which a step leaves a token out of a description that it encodes for its vectors, as word dropout does
    /// (arXiv 1511.06349); prompts stay whole.</summary>
    public double TokenDropout { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(Triples is >= 1 and <= 1 << 20, "batches.triples", Triples, "1 or more triples");
        AlignmentOptions.Require(TokenDropout is >= 0 and < 1, "batches.token_dropout", TokenDropout, "0 or more, below 1");
    }
}
