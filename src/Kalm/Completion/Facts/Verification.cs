namespace Kalm.Completion.Facts;

/// <summary>What is said of a fact, and why.</summary>
/// <param name="Claim">The fact.</param>
/// <param name="Judgement">What is said of it.</param>
/// <param name="For">What speaks for it, in words.</param>
/// <param name="Against">What speaks against it, in words.</param>
/// <param name="Explanations">The train facts of the relation that are most like it.</param>
public sealed record Verification(
    FactClaim Claim, FactJudgement Judgement, IReadOnlyList<string> For, IReadOnlyList<string> Against,
    IReadOnlyList<Explanation> Explanations)
{
    /// <summary>Verifies a fact, on the model's thread.</summary>
    /// <param name="completer">Knows the model and the graph.</param>
    /// <param name="claim">The fact.</param>
    /// <param name="explanations">How many train facts are wanted; they need a tail that has a number in the catalog.</param>
    public static Verification Of(Completer completer, FactClaim claim, int explanations)
    {
        ArgumentNullException.ThrowIfNull(completer);
        ArgumentNullException.ThrowIfNull(claim);
        var judgement = completer.Judge.Of([claim])[0];
        var (speaksFor, against) = FactWords.Reasons(completer.Catalog, claim, judgement);
        IReadOnlyList<Explanation> like = claim is { Head.Entity: { } head, Tail.Entity: { } tail }
            ? completer.Explanations.Of(completer.Index.Vectors.Row(head).ToArray(), head, claim.Relation, [tail], explanations)[0] : [];
        return new Verification(claim, judgement, speaksFor, against, like);
    }
}
