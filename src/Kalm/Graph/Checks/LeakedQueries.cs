namespace Kalm.Graph.Checks;

/// <summary>Tells which evaluation queries train gives away: the evaluated triple stands in train the other way round, and read in this
/// query's direction it has this query's text. Texts decide, so symmetric relations and relations that are text twins both count.</summary>
public sealed class LeakedQueries
{
    private readonly KnownFacts train;
    private readonly int[][] reversedTwins;

    /// <summary>Prepares the answer for a graph's train split.</summary>
    public LeakedQueries(KnowledgeGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        train = graph.TrainFacts;
        reversedTwins = new int[2 * graph.RelationCount][];
        for (var directed = 0; directed < reversedTwins.Length; directed++)
        {
            // A triple of the reverse order, read in this query's direction, runs against the query's own direction:
            // a forward query is given away by inverse rows, an inverse query by forward rows.
            var firstOfOther = directed < graph.RelationCount ? graph.RelationCount : 0;
            var text = graph.DirectedRelationText(directed);
            reversedTwins[directed] = [.. Enumerable.Range(firstOfOther, graph.RelationCount)
                .Where(other => graph.DirectedRelationText(other) == text)];
        }
    }

    /// <summary>Whether train gives away that <paramref name="answer"/> answers (<paramref name="entity"/>,
    /// <paramref name="directedRelation"/>).</summary>
    public bool IsLeaked(int entity, int directedRelation, int answer)
    {
        foreach (var twin in reversedTwins[directedRelation])
            if (train.Contains(entity, twin, answer))
                return true;
        return false;
    }

    /// <summary>Whether train gives away the answer of this row.</summary>
    public bool IsLeaked(DirectedRow row) => IsLeaked(row.Head, row.DirectedRelation, row.Tail);
}
