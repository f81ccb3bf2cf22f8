using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Neo4j;

/// <summary>Reads the tables of Neo4j's import, and the one that APOC exports.</summary>
/// <param name="graph">Takes what they hold.</param>
/// <param name="nodes">The nodes.</param>
/// <param name="edges">The relationships.</param>
internal sealed class Neo4jRows(GraphBuilder graph, Neo4jNodes nodes, Neo4jEdges edges)
{
    private readonly List<Property> properties = [];

    /// <summary>Reads a table of nodes.</summary>
    public void ReadNodes(Neo4jTable table)
    {
        Tell(table, "entity");
        var about = new NodeProperties(graph, table.File.Shown) { HasTypesOfItsOwn = true };
        var columns = table.Header.Columns;
        foreach (var (rows, place) in Rows(table, isSilent: false))
            AddNode(rows, columns, about, place);
        about.Finish();
    }

    /// <summary>Reads a table of relationships.</summary>
    public void ReadEdges(Neo4jTable table)
    {
        Tell(table, "fact");
        var columns = table.Header.Columns;
        if (table.Header.Find(Neo4jRole.Type) < 0)
            graph.Used(table.File.Shown, "(name)", $"relation '{table.Subject}', as no column is its type");
        foreach (var (rows, place) in Rows(table, isSilent: false))
        {
            Take(rows, columns, 0, columns.Count);
            if (AddEdge(rows, table, place) is { } problem)
                graph.Bad(place, problem);
        }
    }

    /// <summary>Reads a table of both. A relationship may stand before its nodes: from the first such on, they are read when all nodes are
    /// known.</summary>
    public void ReadBoth(Neo4jTable table)
    {
        Tell(table, "entity or fact");
        var about = new NodeProperties(graph, table.File.Shown) { HasTypesOfItsOwn = true };
        var (header, columns) = (table.Header, table.Header.Columns);
        var (start, type) = (header.Find(Neo4jRole.Start), header.Find(Neo4jRole.Type));
        // The columns of nodes stand before _start, those of relationships behind _type.
        var (lastOfNodes, firstOfEdges) = start >= 0 && type > start ? (start, type + 1) : (columns.Count, 0);
        var ofNodes = columns.Take(lastOfNodes).ToList();
        var waitingFrom = int.MaxValue;
        foreach (var (rows, place) in Rows(table, isSilent: false))
        {
            if (start < 0 || rows[start].IsWhiteSpace())
                AddNode(rows, ofNodes, about, place);
            else if (waitingFrom == int.MaxValue)
                AddOrWait(rows, place);
        }
        if (waitingFrom < int.MaxValue)
        {
            foreach (var (rows, place) in Rows(table, isSilent: true))
            {
                if (place.Line < waitingFrom || rows[start].IsWhiteSpace())
                    continue;
                Take(rows, columns, firstOfEdges, columns.Count);
                if (AddEdge(rows, table, place) is { } problem)
                    graph.Bad(place, problem);
            }
        }
        about.Finish();

        void AddOrWait(SeparatedReader rows, Place place)
        {
            Take(rows, columns, firstOfEdges, columns.Count);
            if (AddEdge(rows, table, place) is not null)
                waitingFrom = place.Line;
        }
    }

    private void AddNode(SeparatedReader rows, IReadOnlyList<Neo4jColumn> columns, NodeProperties about, Place place)
    {
        Take(rows, columns, 0, columns.Count);
        var (id, group, label) = ("", "", (string?)null);
        for (var index = 0; index < columns.Count; index++)
            if (columns[index].Role == Neo4jRole.Id && id.Length == 0)
                (id, group, label) = (rows[index].ToString(), columns[index].Group, columns[index].Label);
        if (string.IsNullOrWhiteSpace(id))
        {
            graph.Bad(place, "no id; expected a node's id");
            return;
        }
        if (id.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
        {
            graph.Bad(place, "a tab or a line end in the id of a node; expected an id on one line");
            return;
        }
        var entity = nodes.Declare(id, group, place);
        about.Set(entity, properties);
        if (label is not null)
            graph.AddType(entity, label);
        for (var index = 0; index < columns.Count; index++)
            if (columns[index].Role == Neo4jRole.Label)
                foreach (var type in rows[index].ToString().Split([';', ':'], StringSplitOptions.RemoveEmptyEntries))
                    graph.AddType(entity, type.Trim());
    }

    private string? AddEdge(SeparatedReader rows, Neo4jTable table, Place place)
    {
        var (header, columns) = (table.Header, table.Header.Columns);
        var (start, end, type) = (header.Find(Neo4jRole.Start), header.Find(Neo4jRole.End), header.Find(Neo4jRole.Type));
        return edges.Add(
            new Neo4jEnd(rows[start].ToString(), columns[start].Group), type < 0 ? table.Subject : rows[type].Trim().ToString(),
            new Neo4jEnd(rows[end].ToString(), columns[end].Group), properties, place);
    }

    private void Take(SeparatedReader rows, IReadOnlyList<Neo4jColumn> columns, int from, int to)
    {
        properties.Clear();
        for (var index = from; index < to; index++)
        {
            if (columns[index].Role != Neo4jRole.Property || rows[index].IsWhiteSpace())
                continue;
            if (columns[index].IsList)
                foreach (var item in rows[index].ToString().Split(';'))
                    properties.Add(new Property(columns[index].Name, item));
            else
                properties.Add(new Property(columns[index].Name, rows[index].ToString()));
        }
    }

    private void Tell(Neo4jTable table, string what)
    {
        var shown = table.HeaderFile?.Shown ?? table.File.Shown;
        if (table.HeaderFile is not null)
            graph.Used(table.File.Shown, "(header)", $"that of {shown}");
        foreach (var column in table.Header.Columns)
        {
            var group = column.Group.Length > 0 ? $" of the group '{column.Group}'" : "";
            if (column.Role == Neo4jRole.Property && what == "entity")
                continue;   // how it is understood is told with its first value
            graph.Used(shown, $"'{column.Written}'", column.Role switch
            {
                Neo4jRole.Id => "id" + group,
                Neo4jRole.Label => "types",
                Neo4jRole.Start => "head" + group,
                Neo4jRole.End => "tail" + group,
                Neo4jRole.Type => "relation",
                Neo4jRole.Ignore => "left out",
                _ => $"attribute '{column.Name}' of the {what}",
            });
        }
    }

    private IEnumerable<(SeparatedReader Rows, Place Place)> Rows(Neo4jTable table, bool isSilent)
    {
        var (file, count) = (table.File, table.Header.Columns.Count);
        using var rows = new SeparatedReader(file, graph.Encoding, table.Header.Delimiter, hasQuotes: true);
        for (var isFirst = table.HeaderFile is null; rows.Read(); isFirst = false)
        {
            if (isFirst)
                continue;
            var place = new Place(file.Shown, rows.Line);
            var found = rows.Count;
            while (found > count && rows[found - 1].IsWhiteSpace())
                found--;
            var problem = rows.Problem ?? (found == count ? null : $"{found} field{(found == 1 ? "" : "s")}; expected {count} separated by "
                + $"{TableShape.NamesOf(table.Header.Delimiter)}: "
                    + $"{string.Join(", ", table.Header.Columns.Select(column => column.Written))}");
            if (problem is null)
                yield return (rows, place);
            else if (!isSilent)
                graph.Bad(place, problem);
        }
    }
}
