namespace Kalm.Completion.Facts;

/// <summary>What tells whether a fact (h, r, t) is true.</summary>
/// <param name="Forward">The cosine of the query (h, r) and t.</param>
/// <param name="Backward">The cosine of the query (t, r inverse) and h.</param>
/// <param name="ForwardLog">The logarithm of the probability that t is the answer of (h, r), known answers left out; at least
/// -30.</param>
/// <param name="BackwardLog">The same for h and (t, r inverse).</param>
/// <param name="HeadLike">How like h is to heads of r in train: <see cref="RelationSides.Near"/>.</param>
/// <param name="TailLike">The same for t and the tails.</param>
/// <param name="HeadFacts">The other train facts of r from h.</param>
/// <param name="TailFacts">The other train facts of r to t.</param>
/// <param name="HeadConflict">How much another known tail of h speaks against t: 1 where r is a function, 1/n where a head has n tails; 0
/// without one.</param>
/// <param name="TailConflict">The same for another known head of t.</param>
/// <param name="Rule">The confidence of the best rule that gives the fact (<see cref="PairRules"/>); 0 for none.</param>
/// <param name="IsJoined">Whether train joins h and t by something else.</param>
public sealed record FactSigns(
    double Forward, double Backward, double ForwardLog, double BackwardLog, double HeadLike, double TailLike,
    int HeadFacts, int TailFacts, double HeadConflict, double TailConflict, double Rule, bool IsJoined)
{
    /// <summary>The number of <see cref="ToArray"/>.</summary>
    public const int Count = 16;

    /// <summary>The signs as numbers for a logistic regression.</summary>
    public double[] ToArray() =>
    [
        Forward, Backward, ForwardLog, BackwardLog, Math.Min(ForwardLog, BackwardLog),
        HeadLike, TailLike, Math.Min(HeadLike, TailLike),
        HeadFacts > 0 ? 1 : 0, TailFacts > 0 ? 1 : 0, Math.Log(1 + HeadFacts), Math.Log(1 + TailFacts),
        HeadConflict, TailConflict, Rule, IsJoined ? 1 : 0,
    ];
}
