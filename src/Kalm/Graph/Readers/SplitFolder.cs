using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers;

/// <summary>The commonest layout: a table of facts for each split, in a folder, with or without lists of ids and texts beside them, as
/// ConvE, RotatE, PyKEEN, LibKGE, CoDEx and Wikidata5M have it.</summary>
internal sealed class SplitFolder : IGraphReader
{
    private static readonly string[] Endings = [".txt", ".tsv", ".csv", ".tab", ".del", ".psv", ""];

    /// <inheritdoc/>
    public string Key => "splits";

    /// <inheritdoc/>
    public string Name => "folder of split files";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var groups = Groups(files);
        if (files.IsSingle || groups.Count == 0)
            return null;
        var group = groups[0];
        return new Recognition(Certainty.Likely,
            [.. group.Select(item => item.File), .. SideFiles.Of(files, Prefix(group)).Files.Except(group.Select(item => item.File))],
            string.Join(", ", group.Select(item => item.File.Shown)));
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var groups = Groups(files);
        if (groups.Count > 1)
            throw new KalmException($"{files.Path}: holds {groups.Count} graphs: "
                + $"{string.Join("; ", groups.Select(group => string.Join(", ", group.Select(item => item.File.Shown))))}; expected the folder "
                + "or files of one");
        var group = groups[0];
        var side = SideFiles.Of(files, Prefix(group));
        side.ReadIds(graph, IsNumbers(group[0].File, graph));
        foreach (var (split, file) in group)
            FactTable.Open(file, graph).Read(split, side.Numbers.Entities, side.Numbers.Relations);
        side.ReadTexts(graph);
    }

    // The split files by what stands before the split's name; train first.
    private static List<List<(Split Split, GraphFile File)>> Groups(GraphFiles files) =>
        [.. files.Files.Where(file => Endings.Contains(file.Ending))
            .Select(file => (Split: SplitOf(file, out var prefix), Prefix: prefix, File: file))
            .Where(item => item.Split is not null)
            .GroupBy(item => (item.Prefix, item.File.Ending))
            .Where(group => group.Any(item => item.Split == Split.Train))
            .Select(group => group.Select(item => (item.Split!.Value, item.File)).OrderBy(item => item.Item1).ToList())];

    // PyKEEN's own folders keep each split in a folder of its name.
    private static Split? SplitOf(GraphFile file, out string prefix)
    {
        var cut = file.Name.LastIndexOf('/') + 1;
        if (file.Stem == "numeric_triples" && cut > 0)
        {
            var outer = file.Name[..(cut - 1)];
            var start = outer.LastIndexOf('/') + 1;
            prefix = outer[..start];
            return SplitNames.Of(outer[start..], out _);
        }
        var split = SplitNames.Of(file.Stem, out var before);
        prefix = file.Name[..cut] + before;
        return split;
    }

    private static string Prefix(List<(Split Split, GraphFile File)> group)
    {
        SplitOf(group[0].File, out var prefix);
        return group[0].File.Stem == "numeric_triples" ? group[0].File.Name[..(group[0].File.Name.LastIndexOf('/') + 1)] : prefix;
    }

    private static bool IsNumbers(GraphFile file, GraphBuilder graph)
    {
        var rows = TableShape.Of(file, graph, 3).Rows;
        return rows.Count > 1 && rows.Skip(1).All(row => row.Length >= 3 && row.Take(3).All(field => field.Length > 0 && field.All(char.IsAsciiDigit)));
    }
}
