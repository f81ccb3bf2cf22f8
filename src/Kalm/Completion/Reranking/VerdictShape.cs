namespace Kalm.Completion.Reranking;

/// <summary>What a verdict is given on; the same in training and in use.</summary>
/// <param name="Depth">How many of a query's best candidates are judged.</param>
/// <param name="TextTokens">A candidate's description is cut to this many tokens.</param>
/// <param name="Neighbours">At most so many train facts stand behind a description.</param>
/// <param name="NeighbourTokens">The name in such a fact is cut to this many tokens.</param>
/// <param name="Seed">Chooses the facts.</param>
public sealed record VerdictShape(int Depth, int TextTokens, int Neighbours, int NeighbourTokens, long Seed);
