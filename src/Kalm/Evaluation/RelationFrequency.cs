using Kalm.Graph;

namespace Kalm.Evaluation;

/// <summary>The baseline that reads no text and no head: for each directed relation, a candidate scores as often as it is the answer in
/// train. What a model adds to it, it has understood of the query's entity.</summary>
public static class RelationFrequency
{
    /// <summary>Ranks queries as <see cref="CompletionEvaluation"/> does, known answers left out.</summary>
    /// <param name="graph">The graph whose train split is counted.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out.</param>
    public static IReadOnlyList<FilteredRank> Rank(KnowledgeGraph graph, IReadOnlyList<CompletionQuery> queries, KnownFacts known)
    {
        var places = graph.Train.Index().ToLookup(item => item.Item.Relation, item => item.Index);
        var counts = new float[graph.Entities.Count];
        var one = Enumerable.Repeat(1, counts.Length).ToArray();
        var itself = Enumerable.Range(0, counts.Length).ToArray();
        var ranks = new FilteredRank[queries.Count];
        // One relation's counts at a time.
        foreach (var asked in queries.Index().GroupBy(item => item.Item.DirectedRelation))
        {
            var (relation, side) = asked.Key < graph.RelationCount ? (asked.Key, Side.Tail) : (asked.Key - graph.RelationCount, Side.Head);
            Array.Clear(counts);
            foreach (var place in places[relation])
                counts[graph.Row(graph.Train[place], side).Tail]++;
            foreach (var (index, query) in asked)
                ranks[index] = FilteredRank.Of(
                    counts, one, itself, query.Answer, known.Answers(query.Entity, query.DirectedRelation));
        }
        return ranks;
    }
}
