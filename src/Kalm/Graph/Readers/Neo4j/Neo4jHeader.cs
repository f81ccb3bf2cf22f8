using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Neo4j;

/// <summary>The header of a table for Neo4j's import, or of a table that APOC exports.</summary>
/// <param name="Columns">Its columns.</param>
/// <param name="Delimiter">What separates them.</param>
/// <param name="IsOnlyRow">Whether the file holds nothing else.</param>
internal sealed record Neo4jHeader(IReadOnlyList<Neo4jColumn> Columns, char Delimiter, bool IsOnlyRow)
{
    private static readonly char[] Delimiters = [',', '\t', ';', '|'];

    // APOC's own names for the columns of its one table.
    private static readonly Dictionary<string, Neo4jRole> OfApoc = new(StringComparer.Ordinal)
    {
        ["_id"] = Neo4jRole.Id,
        ["_labels"] = Neo4jRole.Label,
        ["_start"] = Neo4jRole.Start,
        ["_end"] = Neo4jRole.End,
        ["_type"] = Neo4jRole.Type,
    };

    /// <summary>Whether rows are nodes or relationships, each with columns of its own.</summary>
    public bool IsOfApoc { get; private init; }

    /// <summary>Whether rows are nodes.</summary>
    public bool IsOfNodes => Find(Neo4jRole.Start) < 0 && Find(Neo4jRole.Id) >= 0;

    /// <summary>Where a role stands; -1 where it does not.</summary>
    public int Find(Neo4jRole role)
    {
        for (var index = 0; index < Columns.Count; index++)
            if (Columns[index].Role == role)
                return index;
        return -1;
    }

    /// <summary>Reads the header of a file; null when its first row is none.</summary>
    public static Neo4jHeader? Of(GraphFile file, GraphBuilder graph)
    {
        var delimiters = graph.Options.Delimiter is { } given ? [TableShape.Given(given)] : Delimiters;
        return delimiters.Select(delimiter => Of(file, graph, delimiter)).OfType<Neo4jHeader>().MaxBy(header => header.Columns.Count);
    }

    private static Neo4jHeader? Of(GraphFile file, GraphBuilder graph, char delimiter)
    {
        var head = file.Head.ToArray();
        try
        {
            using var rows = new SeparatedReader(
                new GraphFile(file.Name, file.Shown, () => new MemoryStream(head)), graph.Encoding, delimiter, hasQuotes: true);
            if (!rows.Read() || rows.Problem is not null)
                return null;
            var fields = rows.ToArray();
            var isOfApoc = fields.Contains("_id") && (fields.Contains("_labels") || fields.Contains("_start"));
            var header = new Neo4jHeader([.. fields.Select(field => ColumnOf(field, isOfApoc))], delimiter, !rows.Read())
            {
                IsOfApoc = isOfApoc,
            };
            var isOfRelationships = header.Find(Neo4jRole.Start) >= 0 && header.Find(Neo4jRole.End) >= 0;
            return isOfRelationships || header.IsOfNodes ? header : null;
        }
        catch (KalmException)
        {
            return null;   // no text
        }
    }

    private static Neo4jColumn ColumnOf(string field, bool isOfApoc) => !isOfApoc ? Neo4jColumn.Of(field)
        : new Neo4jColumn(OfApoc.GetValueOrDefault(field, Neo4jRole.Property), field, "", false, null, field);
}
