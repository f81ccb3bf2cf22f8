namespace Kalm.Graph;

/// <summary>One number for each split of a graph.</summary>
/// <param name="Train">That of the triples to learn from.</param>
/// <param name="Valid">Of those that select the checkpoint.</param>
/// <param name="Test">Of those to measure on.</param>
public readonly record struct SplitCounts(int Train, int Valid, int Test)
{
    /// <summary>The sum over the splits.</summary>
    public int Total => Train + Valid + Test;
}
