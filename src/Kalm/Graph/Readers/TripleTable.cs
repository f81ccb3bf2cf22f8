using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers;

/// <summary>A table of facts in one file, in which ids are names: columns separated by tabs, commas, semicolons, pipes or spaces, with a
/// heading or without; in a folder with tables of its entities beside it, as nodes and edges are kept.</summary>
internal sealed class TripleTable : IGraphReader
{
    private static readonly string[] Endings = [".csv", ".tsv", ".tab", ".psv", ".txt", ".del", ".dat", ".edges", ".edgelist", ".triples",
        ""];
    private static readonly string[] OfTables = [".csv", ".tsv", ".tab", ".psv"];

    /// <inheritdoc/>
    public string Key => "table";

    /// <inheritdoc/>
    public string Name => "table of facts";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var entities = EntityTables(files, options);
        var tables = files.Files.Except(entities).Where(file => IsTable(file, options, files.IsSingle)).ToList();
        if (tables.Count > 1 && tables.FindAll(file => HasFactHeading(file, options)) is [var headed])
            tables = [headed];
        if (tables.Count == 0)
            return null;
        if (tables.Count > 1)
            return options.Format is null ? null : throw new KalmException($"{files.Path}: holds {tables.Count} tables, "
                + $"{string.Join(", ", tables.Select(file => file.Shown))}; expected one, given by its path");
        return new Recognition(
            entities.Count > 0 || (files.IsSingle && OfTables.Contains(tables[0].Ending)) ? Certainty.Likely : Certainty.Possible,
            [tables[0], .. entities], tables[0].Shown);
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        FactTable.Open(found.Files[0], graph).Read(Split.Train);
        foreach (var entities in found.Files.Skip(1))
            DescriptionTable.Read(entities, graph, isOfGraph: true);
    }

    // Beside a table whose heading names facts, those whose headings name an id and what is known of it.
    private static List<GraphFile> EntityTables(GraphFiles files, GraphOptions options)
    {
        var tables = files.IsSingle || options.Columns is not null ? []
            : files.Files.Where(file => OfTables.Contains(file.Ending)).ToList();
        return tables.Exists(file => HasFactHeading(file, options))
            ? tables.FindAll(file => Looked(() => DescriptionTable.HasHeading(file, new GraphBuilder(options)))) : [];
    }

    private static bool HasFactHeading(GraphFile file, GraphOptions options) => Looked(() =>
        ColumnPlan.OfHeading(TableShape.Of(file, new GraphBuilder(options), 2).Rows.FirstOrDefault([])) is not null);

    private static bool Looked(Func<bool> look)
    {
        try
        {
            return look();
        }
        catch (KalmException)
        {
            return false;   // no text, or no table
        }
    }

    // A file that is given alone and called a table is read as one, so that its faults are told by line.
    private static bool IsTable(GraphFile file, GraphOptions options, bool isGiven)
    {
        if (!Endings.Contains(file.Ending) && !(isGiven && options.Format is not null))
            return false;
        if (isGiven && (OfTables.Contains(file.Ending) || options.Format is not null || options.Columns is not null))
            return true;
        if (file.Head.Contains((byte)0) && !(file.Head.Length > 1 && file.Head[0] is 0xFF or 0xFE))
            return false;
        try
        {
            var shape = TableShape.Of(file, new GraphBuilder(options), 3, 4);
            return shape.Rows.Count > 0 && (isGiven || shape.Delimiter != ' ')
                && shape.Rows.All(row => row.Length == shape.Columns)
                && (shape.Columns is 3 or 4 || (shape.Columns >= 2 && ColumnPlan.OfHeading(shape.Rows[0]) is not null));
        }
        catch (KalmException) when (!isGiven)
        {
            return false;
        }
    }
}
