using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers;

/// <summary>A table of facts in one file, in which ids are names: columns separated by tabs, commas, semicolons, pipes or spaces, with a
/// heading or without.</summary>
internal sealed class TripleTable : IGraphReader
{
    private static readonly string[] Endings = [".csv", ".tsv", ".tab", ".psv", ".txt", ".del", ".dat", ".edges", ".edgelist", ".triples", ""];
    private static readonly string[] OfTables = [".csv", ".tsv", ".tab", ".psv"];

    /// <inheritdoc/>
    public string Key => "table";

    /// <inheritdoc/>
    public string Name => "table of facts";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var tables = files.Files.Where(file => IsTable(file, options, files.IsSingle)).ToList();
        if (tables.Count == 0)
            return null;
        if (tables.Count > 1)
            return options.Format is null ? null : throw new KalmException($"{files.Path}: holds {tables.Count} tables, "
                + $"{string.Join(", ", tables.Select(file => file.Shown))}; expected one, given by its path");
        return new Recognition(
            files.IsSingle && OfTables.Contains(tables[0].Ending) ? Certainty.Likely : Certainty.Possible, tables, tables[0].Shown);
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph) => FactTable.Open(found.Files[0], graph).Read(Split.Train);

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
