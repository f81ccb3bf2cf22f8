using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>What is said of a fact.</summary>
public enum Verdict
{
    /// <summary>The graph holds it, or it is as sure as was wanted.</summary>
    True,

    /// <summary>It contradicts what is known, or is less sure than nearly all true facts are.</summary>
    False,

    /// <summary>Neither.</summary>
    Unknown,
}

/// <summary>Whether a fact is true.</summary>
/// <param name="Probability">That it is (<see cref="FactCalibration"/>), the graph's own word left out; null where the validation split is
/// too small to tell.</param>
/// <param name="Verdict">What is said of it.</param>
/// <param name="Split">The split that holds it, added when it was accepted since; null for none.</param>
/// <param name="IsRejected">Whether a person rejected it.</param>
/// <param name="Signs">What the probability was made of.</param>
/// <param name="Contradictions">Known facts that exclude it, the relation being a function in that direction.</param>
/// <param name="Rule">The train fact between the two that speaks most for it, from head to tail, and the confidence of the rule; null for
/// none.</param>
/// <param name="IsOfKind">Whether head and tail are such as the relation has in train (<see cref="RelationSides.Admits"/>).</param>
public sealed record FactJudgement(
    double? Probability, Verdict Verdict, string? Split, bool IsRejected, FactSigns Signs, IReadOnlyList<Triple> Contradictions,
    (int DirectedRelation, double Confidence)? Rule, bool IsOfKind);
