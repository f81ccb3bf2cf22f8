using Kalm.Completion.Facts;
using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>The entity from which a query starts: one of the graph, or one described by a text that the graph does not hold.</summary>
/// <param name="Entity">Its index in the graph; null for a free text.</param>
/// <param name="Description">The text that the model reads.</param>
public sealed record QueryEntity(int? Entity, string Description)
{
    /// <summary>An entity of the graph.</summary>
    public static QueryEntity Of(KnowledgeGraph graph, int entity) => new(entity, graph.Entities[entity].Description);
}

/// <summary>An entity that may complete a query.</summary>
/// <param name="Entity">Its number in the catalog.</param>
/// <param name="Rank">Its place by <paramref name="Score"/>, from 1.</param>
/// <param name="Score">The cosine of the query and the entity.</param>
/// <param name="Probability">That it is the answer, all other known answers left out; calibrated (<see cref="Calibration"/>).</param>
/// <param name="Split">The split that holds the fact (train, valid or test); null when it is new.</param>
/// <param name="Reranked">What the re-ranker makes of it; null when it was not asked.</param>
/// <param name="Fact">Whether the fact that it makes is true; null when it was not asked.</param>
public sealed record EntityCandidate(
    int Entity, int Rank, double Score, double Probability, string? Split, RerankedScore? Reranked = null, FactJudgement? Fact = null);

/// <summary>What a re-ranker makes of a candidate.</summary>
/// <param name="Score">By which it is ordered; differences are logarithms of odds.</param>
/// <param name="Verdict">The trained verdict's part before it is weighed; 0 where it has no weight.</param>
public sealed record RerankedScore(double Score, double Verdict);

/// <summary>A relation that may hold between two entities.</summary>
/// <param name="DirectedRelation">r, or r + R for its inverse.</param>
/// <param name="Rank">Its place, from 1.</param>
/// <param name="Score">The mean cosine of both queries and their answers: (head, r) with the tail, and (tail, r inverse) with the
/// head.</param>
/// <param name="Probability">That it is the relation, all other known ones left out; calibrated.</param>
/// <param name="Split">As above.</param>
public sealed record RelationCandidate(int DirectedRelation, int Rank, double Score, double Probability, string? Split);
