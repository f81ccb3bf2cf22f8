using System.Globalization;

namespace Kalm.Graph.Writers;

/// <summary>Cypher statements that add facts to a property graph without doubling what is there; a statement a line.</summary>
internal static class CypherEdges
{
    private const string None = "null";

    /// <summary>Writes the statements.</summary>
    public static void Write(TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        var graph = source.Graph;
        foreach (var edge in edges)
        {
            var (head, relation, tail) = (source.Entity(edge.Fact.Head), graph.Relations[edge.Fact.Relation],
                source.Entity(edge.Fact.Tail));
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"MERGE (h:Entity {{id: {Text(head.Id)}}}) ON CREATE SET h.name = {Text(head.Name)} "
                + $"MERGE (t:Entity {{id: {Text(tail.Id)}}}) ON CREATE SET t.name = {Text(tail.Name)} "
                + $"MERGE (h)-[r:`{relation.Id.Replace("`", "``", StringComparison.Ordinal)}`]->(t) "
                + $"SET r.score = {EdgeFormats.Number(edge.Score, None)}, r.probability = {EdgeFormats.Number(edge.Probability, None)}, "
                + $"r.rank = {EdgeFormats.Number(edge.Rank, None)}, r.evidence = {Text(edge.Evidence)}, r.model = {Text(source.Model)};"));
        }
    }

    private static string Text(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("'", "\\'", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)}'";
}
