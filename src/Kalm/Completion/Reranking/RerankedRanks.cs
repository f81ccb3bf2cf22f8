using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Completion.Reranking;

/// <summary>What new scores of a query's best candidates do to the rank of its answer.</summary>
public static class RerankedRanks
{
    /// <summary>The candidates of a ranked query.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="ranked">With <see cref="RankedQuery.Nearest"/>.</param>
    public static RerankRequest Request(KnowledgeGraph graph, RankedQuery ranked)
    {
        ArgumentNullException.ThrowIfNull(ranked);
        return new RerankRequest(
            QueryEntity.Of(graph, ranked.Query.Entity), ranked.Query.DirectedRelation,
            [.. ranked.Nearest.Select(candidate => QueryEntity.Of(graph, candidate.Entity))],
            [.. ranked.Nearest.Select(candidate => candidate.Score)]);
    }

    /// <summary>The answer's new rank: only the best candidates change places, so that of an answer beyond them stays. What scored the same
    /// as the answer and is beyond them stays tied with it.</summary>
    /// <param name="ranked">The query with its best candidates.</param>
    /// <param name="scores">New scores, in their order.</param>
    public static FilteredRank Of(RankedQuery ranked, IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(ranked);
        ArgumentNullException.ThrowIfNull(scores);
        var gold = -1;
        for (var index = 0; index < ranked.Nearest.Count && gold < 0; index++)
            if (ranked.Nearest[index].Entity == ranked.Query.Answer)
                gold = index;
        if (gold < 0)
            return ranked.Rank;
        var (higher, equal, notLower) = (0, 0, 0);
        for (var index = 0; index < scores.Count; index++)
        {
            higher += scores[index] > scores[gold] ? 1 : 0;
            equal += scores[index] == scores[gold] ? 1 : 0;
            notLower += ranked.Nearest[index].Score >= ranked.GoldScore ? 1 : 0;
        }
        return new FilteredRank(1 + higher, higher + equal + ranked.Rank.Pessimistic - notLower);
    }
}
