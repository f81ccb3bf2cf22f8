using Kalm.Graph;

namespace Kalm.Evaluation.Comparison;

/// <summary>A completion query and the filtered rank of its answer, by the graph's ids.</summary>
/// <param name="Head">The id of the triple's head.</param>
/// <param name="Relation">That of its relation, without the direction.</param>
/// <param name="Tail">That of its tail.</param>
/// <param name="Side">The side that was asked for.</param>
/// <param name="Rank">The rank, of ties the mean (realistic).</param>
public sealed record QueryRank(string Head, string Relation, string Tail, Side Side, double Rank)
{
    /// <summary>Takes what was ranked.</summary>
    public static IReadOnlyList<QueryRank> Of(KnowledgeGraph graph, IEnumerable<RankedQuery> ranked) => [.. ranked.Select(item =>
        new QueryRank(graph.Entities[item.Query.Triple.Head].Id, graph.Relations[item.Query.Triple.Relation].Id,
            graph.Entities[item.Query.Triple.Tail].Id, item.Query.Side, item.Rank.Realistic))];

    /// <summary>The query for people.</summary>
    public string Query => Side == Side.Tail
        ? $"({Head}, {Relation}, ?) with the answer {Tail}" : $"(?, {Relation}, {Tail}) with the answer {Head}";
}
