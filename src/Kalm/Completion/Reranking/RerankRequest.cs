namespace Kalm.Completion.Reranking;

/// <summary>A query with the candidates that are to be put into a new order.</summary>
/// <param name="Entity">The query's entity.</param>
/// <param name="DirectedRelation">r, or r + R to read the relation backwards.</param>
/// <param name="Candidates">At least one.</param>
/// <param name="Cosines">Of the query and each candidate.</param>
public sealed record RerankRequest(
    QueryEntity Entity, int DirectedRelation, IReadOnlyList<QueryEntity> Candidates, IReadOnlyList<float> Cosines);
