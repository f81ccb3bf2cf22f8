using System.Text.RegularExpressions;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Columnar;

/// <summary>Facts in Parquet files, by the names of their columns; several files are parts or splits of one graph.</summary>
internal sealed partial class ParquetFacts : IGraphReader
{
    /// <inheritdoc/>
    public string Key => "parquet";

    /// <inheritdoc/>
    public string Name => "Parquet table of facts";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var isAsked = files.IsSingle && (options.Format == Key || options.Columns is not null);
        var found = files.Files.Where(ParquetTable.Is).Where(file => isAsked || HoldsFacts(file)).ToList();
        if (found.Count == 0)
            return null;
        // Beside splits, other files are no part of the graph.
        if (found.Exists(file => SplitOf(file) == Split.Train))
            found.RemoveAll(file => SplitOf(file) is null);
        return new Recognition(files.IsSingle ? Certainty.Certain : Certainty.Likely, found, $"{found[0].Shown}: columns of facts");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var areSplits = found.Files.Count > 1 && found.Files.Any(file => SplitOf(file) == Split.Train);
        foreach (var file in found.Files.OrderBy(file => SplitOf(file) ?? Split.Train))
        {
            var split = areSplits && SplitOf(file) is { } own ? own : Split.Train;
            if (areSplits)
                graph.Used(file.Shown, "(name)", split.ToString().ToLowerInvariant());
            using var table = ParquetTable.Open(file);
            foreach (var nested in table.Nested)
                graph.Used(file.Shown, $"'{nested}'", "left out: lists and structures");
            var facts = new NamedTable(graph, file, table.Names, split);
            foreach (var (row, place) in table.Rows())
                facts.Add(row, place);
            facts.Finish();
        }
        graph.NameOfId ??= ReadableId.OfEntity;
    }

    private static bool HoldsFacts(GraphFile file)
    {
        try
        {
            using var table = ParquetTable.Open(file);
            return Heading.Roles(table.Names)?.Contains(ColumnRole.Relation) == true;
        }
        catch (KalmException)
        {
            return file.Ending == ".parquet";   // damaged, which is told when it is read
        }
    }

    // train-00000-of-00004 is a part of train.
    private static Split? SplitOf(GraphFile file) => SplitNames.Of(Part().Replace(file.Stem, ""), out _);

    [GeneratedRegex("-[0-9]+-of-[0-9]+$")]
    private static partial Regex Part();
}
