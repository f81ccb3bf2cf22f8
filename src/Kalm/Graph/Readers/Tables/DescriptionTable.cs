namespace Kalm.Graph.Readers.Tables;

/// <summary>Reads a table of descriptions that is given beside a graph: id and description, or what a heading names.</summary>
internal static class DescriptionTable
{
    /// <summary>Whether a file has a heading that names an id and something about it, and no facts.</summary>
    public static bool HasHeading(GraphFile file, GraphBuilder graph)
    {
        var shape = TableShape.Of(file, graph, 2, 2);
        if (shape.Rows.Count == 0 || ColumnPlan.OfHeading(shape.Rows[0]) is not null)
            return false;
        var heading = shape.Rows[0].Select(Heading.Key).ToList();
        var id = Find(heading, EntityKeys.Ids, -1);
        return id >= 0 && new[] { EntityKeys.Texts, EntityKeys.Names, EntityKeys.Types }.Any(names => Find(heading, names, id) >= 0);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="graph">The graph, whose facts are read already.</param>
    /// <param name="isOfGraph">Whether it belongs to the graph, so that what no fact names is an entity too; what is given by hand goes
    /// before what the graph's own files say, and only adds to them.</param>
    public static void Read(GraphFile file, GraphBuilder graph, bool isOfGraph = false)
    {
        var shape = TableShape.Of(file, graph, 2, 2);
        if (shape.Delimiter == ' ')
            shape = shape with { Delimiter = '\t', HasQuotes = false };
        var heading = shape.Rows.Count > 0 ? shape.Rows[0].Select(Heading.Key).ToList() : [];
        var (id, text) = (Find(heading, EntityKeys.Ids, -1), -1);
        text = Find(heading, EntityKeys.Texts, id);
        var name = Find(heading, EntityKeys.Names, id);
        var type = Find(heading, EntityKeys.Types, id);
        var hasHeading = id >= 0 && (text >= 0 || name >= 0 || type >= 0);
        var columns = hasHeading ? heading.Count : 2;
        if (!hasHeading)
            (id, text, name, type) = (0, 1, -1, -1);
        var expected = $"{columns} fields separated by {TableShape.NamesOf(shape.Delimiter)}: "
            + (hasHeading ? string.Join(", ", shape.Rows[0]) : "id, description");
        var (lines, unused) = (new Dictionary<string, int>(StringComparer.Ordinal), 0);
        using var rows = new SeparatedReader(file, graph.Encoding, shape.Delimiter, shape.HasQuotes);
        for (var isFirst = true; rows.Read(); isFirst = false)
        {
            var place = new Place(file.Shown, rows.Line);
            if (isFirst && hasHeading)
                continue;
            if (rows.Problem is { } problem)
                graph.Bad(place, problem);
            else if (rows.Count != columns)
                graph.Bad(place, $"{rows.Count} field{(rows.Count == 1 ? "" : "s")}; expected {expected}");
            else if (rows[id].IsWhiteSpace() || (!hasHeading && rows[text].IsWhiteSpace()))
                graph.Bad(place, $"empty {(rows[id].IsWhiteSpace() ? "id" : "description")}; expected {expected}");
            else if (!lines.TryAdd(rows[id].ToString(), rows.Line))
                graph.Bad(place, $"entity '{rows[id]}' again; expected an id once, it stands on line {lines[rows[id].ToString()]}");
            else if (isOfGraph)
                Set(graph.Entities.Add(rows[id]));
            else if (graph.Entities.TryFind(rows[id], out var entity))
                Set(entity);
            else
                unused++;
        }
        if (lines.Count == 0)
            throw file.Fault($"no descriptions; expected lines of {expected}");
        Tell();

        void Set(int entity)
        {
            var order = isOfGraph ? 0 : -1;
            if (Holds(text))
                graph.SetText(entity, rows[text].ToString(), order);
            if (Holds(name))
                graph.SetName(entity, rows[name].ToString(), order);
            if (Holds(type))
                graph.AddType(entity, rows[type].ToString());
            for (var column = 0; column < columns; column++)
                if (column != id && column != text && column != name && column != type && Holds(column))
                    graph.AddAttribute(entity, shape.Rows[0][column], rows[column].ToString());

            bool Holds(int column) => column >= 0 && !rows[column].IsWhiteSpace();
        }

        void Tell()
        {
            for (var column = 0; column < columns; column++)
                graph.Used(file.Shown, hasHeading ? $"'{shape.Rows[0][column]}'" : $"{column + 1}",
                    column == id ? "id" : column == text ? "description" : column == name ? "name" : column == type ? "type"
                        : $"attribute '{shape.Rows[0][column]}' of the entity");
            if (unused > 0)
                graph.Warnings.Add($"{file.Shown}: ids that the graph lacks, left out: {unused:N0}");
            var without = Enumerable.Range(0, graph.Entities.Count).Count(entity => graph.Entities.Text(entity) is null);
            if (without > 0 && !isOfGraph)
                graph.Warnings.Add($"{file.Shown}: entities without a description: {without:N0}; their name serves");
        }
    }

    private static int Find(List<string> heading, string[] names, int taken)
    {
        foreach (var name in names)
        {
            var place = heading.IndexOf(name);
            if (place >= 0 && place != taken)
                return place;
        }
        return -1;
    }
}
