namespace Kalm.Graph.Writers;

/// <summary>A table with a heading, its columns separated by tabs.</summary>
internal static class TableEdges
{
    /// <summary>Writes the table.</summary>
    public static void Write(TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        var graph = source.Graph;
        writer.WriteLine("head\trelation\ttail\tscore\tprobability\trank\tevidence\tmodel");
        foreach (var edge in edges)
            writer.WriteLine(string.Join('\t', [
                Cell(source.Entity(edge.Fact.Head).Id), Cell(graph.Relations[edge.Fact.Relation].Id),
                Cell(source.Entity(edge.Fact.Tail).Id), EdgeFormats.Number(edge.Score), EdgeFormats.Number(edge.Probability),
                $"{edge.Rank}", Cell(edge.Evidence), Cell(source.Model)]));
    }

    // Between quotes a field holds tabs, line breaks and quotes.
    private static string Cell(string text) => text.StartsWith('"') || text.AsSpan().IndexOfAny("\t\n\r") >= 0
        ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
