namespace Kalm.Graph.Writers;

/// <summary>The files of Neo4j's admin import: nodes.csv and relationships.csv.</summary>
public static class Neo4jEdges
{
    /// <summary>What --as calls it.</summary>
    internal const string Key = "neo4j";

    /// <summary>Writes both files.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="source">Graph and model.</param>
    /// <param name="edges">The facts.</param>
    public static void Write(string folder, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        var (graph, seen) = (source.Graph, new HashSet<int>());
        using var nodes = Open("nodes.csv");
        using var relationships = Open("relationships.csv");
        nodes.WriteLine(":ID,name,:LABEL");
        relationships.WriteLine(":START_ID,:END_ID,:TYPE,score:double,probability:double,rank:int,evidence,model");
        foreach (var edge in edges)
        {
            foreach (var entity in new[] { edge.Fact.Head, edge.Fact.Tail })
                if (seen.Add(entity))
                    nodes.WriteLine(Row(source.Entity(entity).Id, source.Entity(entity).Name,
                        source.Entity(entity).Types.Count == 0 ? "Entity" : string.Join(';', source.Entity(entity).Types)));
            relationships.WriteLine(Row(
                source.Entity(edge.Fact.Head).Id, source.Entity(edge.Fact.Tail).Id, graph.Relations[edge.Fact.Relation].Id,
                EdgeFormats.Number(edge.Score), EdgeFormats.Number(edge.Probability), EdgeFormats.Number(edge.Rank),
                edge.Evidence, source.Model));
        }

        StreamWriter Open(string name) => new(Path.Combine(folder, name)) { NewLine = "\n" };
    }

    private static string Row(params IEnumerable<string> fields) => string.Join(',', fields.Select(field =>
        field.AsSpan().IndexOfAny(",\"\n\r") >= 0 || field.Length == 0 || field != field.Trim()
            ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field));
}
