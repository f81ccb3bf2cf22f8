namespace Kalm.Graph;

/// <summary>One number for each split of a graph.</summary>
public readonly record struct SplitCounts(int Train, int Valid, int Test)
{
    /// <summary>The sum over the splits.</summary>
    public int Total => Train + Valid + Test;
}
