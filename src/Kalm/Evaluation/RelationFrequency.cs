using Kalm.Graph;

namespace Kalm.Evaluation;

/// <summary>The baseline that reads no text and no head: for each directed relation, a candidate scores as often as it is the answer in
/// train. What a model adds to it, it has understood of the query's entity.</summary>
public static class RelationFrequency
{
    /// <summary>Ranks queries as <see cref="CompletionEvaluation.Rank"/> does, known answers left out.</summary>
    /// <param name="graph">The graph whose train split is counted.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out.</param>
    public static IReadOnlyList<FilteredRank> Rank(KnowledgeGraph graph, IReadOnlyList<CompletionQuery> queries, KnownFacts known)
    {
        var counts = new float[2 * graph.RelationCount][];
        for (var relation = 0; relation < counts.Length; relation++)
            counts[relation] = new float[graph.Entities.Count];
        foreach (var triple in graph.Train)
        {
            counts[triple.Relation][triple.Tail]++;
            counts[triple.Relation + graph.RelationCount][triple.Head]++;
        }
        var one = Enumerable.Repeat(1f, graph.Entities.Count).ToArray();
        var itself = Enumerable.Range(0, graph.Entities.Count).ToArray();
        return [.. queries.Select(query => FilteredRank.Of(
            counts[query.DirectedRelation], one, itself, query.Answer, known.Answers(query.Entity, query.DirectedRelation)))];
    }
}
