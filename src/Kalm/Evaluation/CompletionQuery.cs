using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Evaluation;

/// <summary>One question of the completion task: which entity completes (entity, directed relation, ?).</summary>
/// <param name="Triple">The triple as it stands in its split.</param>
/// <param name="Side">The side predicted.</param>
/// <param name="Entity">The given entity.</param>
/// <param name="DirectedRelation">The relation, inverse when the head is predicted.</param>
/// <param name="Answer">The entity sought.</param>
/// <param name="Leaked">Whether train holds the reverse pair under the same query text.</param>
public sealed record CompletionQuery(Triple Triple, Side Side, int Entity, int DirectedRelation, int Answer, bool Leaked)
{
    /// <summary>Both queries of every triple: the tail side, then the head side.</summary>
    public static IReadOnlyList<CompletionQuery> Of(KnowledgeGraph graph, IReadOnlyList<Triple> triples)
    {
        var leaked = new LeakedQueries(graph);
        return [.. triples.SelectMany(triple => new[]
        {
            Query(triple, Side.Tail, triple.Head, triple.Relation, triple.Tail),
            Query(triple, Side.Head, triple.Tail, triple.Relation + graph.RelationCount, triple.Head),
        })];

        CompletionQuery Query(Triple triple, Side side, int entity, int relation, int answer) =>
            new(triple, side, entity, relation, answer, leaked.IsLeaked(entity, relation, answer));
    }

    /// <summary>Draws <paramref name="limit"/> triples of a split with a seed, in the order of the split; all of them when there are no
    /// more.</summary>
    public static IReadOnlyList<Triple> Sample(IReadOnlyList<Triple> split, int? limit, long seed)
    {
        if (limit is not { } count || count >= split.Count)
            return split;
        var order = Enumerable.Range(0, split.Count).ToArray();
        new Random(unchecked((int)(seed ^ (seed >> 32)))).Shuffle(order);
        return [.. order.Take(count).Order().Select(index => split[index])];
    }
}
