namespace Kalm.Graph;

/// <summary>A kind of edge of the graph.</summary>
/// <param name="Id">What the split files call it.</param>
/// <param name="Text">Its words from head to tail.</param>
/// <param name="InverseText">Its words from tail to head.</param>
public sealed record Relation(string Id, string Text, string InverseText)
{
    /// <summary>Whether both directions read the same, so that a fact answers its own reverse.</summary>
    public bool IsSymmetric { get; } = Text == InverseText;

    /// <summary>The inverse words of a relation whose folder gives none.</summary>
    internal static string DefaultInverse(string text) => $"inverse of {text}";
}
