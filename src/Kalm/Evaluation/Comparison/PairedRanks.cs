using Kalm.Graph;

namespace Kalm.Evaluation.Comparison;

/// <summary>The ranks that two models give the same query.</summary>
/// <param name="Relation">The query's relation.</param>
/// <param name="First">The first model's rank.</param>
/// <param name="Second">The second model's rank.</param>
public sealed record PairedRank(string Relation, double First, double Second);

/// <summary>What two models were asked, query by query.</summary>
public static class PairedRanks
{
    /// <summary>Puts the ranks of the same queries together, in the order of the first.</summary>
    /// <param name="first">The first model's.</param>
    /// <param name="second">The second model's.</param>
    /// <param name="names">What the two are called in messages.</param>
    /// <exception cref="KalmException">One has a query that the other lacks; the message names the first of them.</exception>
    public static IReadOnlyList<PairedRank> Of(
        IReadOnlyList<QueryRank> first, IReadOnlyList<QueryRank> second, (string First, string Second) names)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        // A query may be asked twice: each time takes a rank of its own.
        var waiting = second.GroupBy(Key).ToDictionary(group => group.Key, group => new Queue<QueryRank>(group));
        var paired = new List<PairedRank>(first.Count);
        foreach (var rank in first)
            paired.Add(waiting.TryGetValue(Key(rank), out var others) && others.TryDequeue(out var other)
                ? new PairedRank(rank.Relation, rank.Rank, other.Rank) : throw Lacks(names.Second, rank, names.First));
        return waiting.Values.FirstOrDefault(others => others.Count > 0) is { } left
            ? throw Lacks(names.First, left.Peek(), names.Second) : paired;
    }

    private static (string, string, string, Side) Key(QueryRank rank) => (rank.Head, rank.Relation, rank.Tail, rank.Side);

    private static KalmException Lacks(string name, QueryRank rank, string other) => new(
        $"{name}: has no rank of the query {rank.Query}, which {other} has; expected ranks of the same queries");
}
