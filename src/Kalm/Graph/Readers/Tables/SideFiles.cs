namespace Kalm.Graph.Readers.Tables;

/// <summary>What lies beside the splits of a plain folder: lists and numbers of ids, names, texts, under the names that the usual programs
/// give them.</summary>
internal sealed class SideFiles
{
    private static readonly (string Kind, string Holds, string[] Stems)[] Known =
    [
        ("entity", "numbers", ["entities", "entity2id", "entity_ids", "entity_to_id", "entity_id", "ent2id"]),
        ("relation", "numbers", ["relations", "relation2id", "relation_ids", "relation_to_id", "relation_id", "rel2id"]),
        ("entity", "texts", ["entity2text", "entity_strings", "entity2label", "entity2name", "entity_names", "entity_labels", "entity2desc_short"]),
        ("entity", "long", ["entity2textlong", "entity2description", "entity_descriptions", "entity2desc", "descriptions", "text"]),
        ("relation", "texts",
            ["relation2text", "relation_strings", "relation2label", "relation2name", "relation_names", "relation_labels"]),
        ("entity", "aliases", ["entity"]),
        ("relation", "aliases", ["relation"]),
    ];

    private static readonly string[] Endings = [".txt", ".tsv", ".csv", ".dict", ".del", ""];
    private readonly List<(GraphFile File, string Kind, string Holds)> found = [];

    private SideFiles() { }

    /// <summary>The files.</summary>
    public IEnumerable<GraphFile> Files => found.Select(item => item.File);

    /// <summary>What the numbers of the splits stand for; null where they hold ids.</summary>
    public (IdMap? Entities, IdMap? Relations) Numbers { get; private set; }

    /// <summary>Finds them.</summary>
    /// <param name="files">What there is.</param>
    /// <param name="prefix">What stands before the splits' names.</param>
    public static SideFiles Of(GraphFiles files, string prefix)
    {
        var side = new SideFiles();
        var folder = prefix[..(prefix.LastIndexOf('/') + 1)];
        foreach (var file in files.Files.Where(file => Endings.Contains(file.Ending) && file.Name[..(file.Name.LastIndexOf('/') + 1)] == folder))
            foreach (var (kind, holds, stems) in Known)
                if (stems.Contains(file.Stem) || (holds is "aliases" or "long" && IsOf(file.Stem, stems, prefix[folder.Length..])))
                    side.found.Add((file, kind, holds));
        return side;
    }

    /// <summary>Reads the lists and numbers of ids, before the splits.</summary>
    /// <param name="graph">Takes the ids.</param>
    /// <param name="splitIsNumbers">Whether the splits hold numbers in the place of ids.</param>
    public void ReadIds(GraphBuilder graph, bool splitIsNumbers)
    {
        foreach (var (file, kind, _) in found.Where(item => item.Holds == "numbers"))
            Number(file, kind, splitIsNumbers, graph);
    }

    /// <summary>Reads names and texts, after the splits; those of ids that no triple has are left out with a warning.</summary>
    public void ReadTexts(GraphBuilder graph)
    {
        foreach (var (file, kind, holds) in found.Where(item => item.Holds != "numbers"))
            Describe(file, kind, holds, graph);
    }

    private void Number(GraphFile file, string kind, bool splitIsNumbers, GraphBuilder graph)
    {
        if (TableShape.Of(file, graph, 1).Rows.All(row => row.Length == 1))
        {
            // A list without numbers.
            graph.Used(file.Shown, "1", $"id of the {kind}");
            foreach (var line in new TextFile(file, graph.Encoding))
                if (!line.Text.IsWhiteSpace())
                    (kind == "entity" ? graph.Entities : graph.Relations).Add(line.Text.Trim());
            return;
        }
        var map = IdMap.Read(file, kind, graph);
        foreach (var id in map.Ids.OfType<string>())
            (kind == "entity" ? graph.Entities : graph.Relations).Add(id);
        if (splitIsNumbers)
            Numbers = kind == "entity" ? (map, Numbers.Relations) : (Numbers.Entities, map);
    }

    private void Describe(GraphFile file, string kind, string holds, GraphBuilder graph)
    {
        var (table, unused) = (kind == "entity" ? graph.Entities : graph.Relations, 0);
        var map = kind == "entity" ? Numbers.Entities : Numbers.Relations;
        graph.Used(file.Shown, "1, 2", holds == "long" ? $"id and description of the {kind}"
            : holds == "aliases" ? $"id and name of the {kind}; its further names are left out" : $"id and name of the {kind}");
        foreach (var line in new TextFile(file, graph.Encoding))
        {
            if (line.Text.IsWhiteSpace())
                continue;
            var cut = line.Text.IndexOf('\t');
            if (cut <= 0)
            {
                graph.Bad(new Place(file.Shown, line.Number), $"1 field; expected 2 fields separated by tabs: {kind} id and text");
                continue;
            }
            var id = map is not null && TryNumber(line.Text[..cut], map) is { } mapped ? mapped : line.Text[..cut];
            var text = line.Text[(cut + 1)..];
            var end = holds == "aliases" ? text.IndexOf('\t') : -1;
            if (table.TryFind(id, out var index))
                Set(graph, kind, index, (end < 0 ? text : text[..end]).ToString(), holds);
            else
                unused++;
        }
        if (unused > 0)
            graph.Warnings.Add($"{file.Shown}: texts of ids that no triple has, left out: {unused:N0}");
    }

    private static void Set(GraphBuilder graph, string kind, int index, string value, string holds)
    {
        if (kind == "relation")
            graph.SetRelationText(index, value);
        else if (holds == "long")
            graph.SetText(index, value);
        else
            graph.SetName(index, value);
    }

    private static string? TryNumber(ReadOnlySpan<char> field, IdMap map) =>
        int.TryParse(field, out var number) && number >= 0 && number < map.Ids.Count ? map.Ids[number] : null;

    // wikidata5m_entity.txt beside wikidata5m_transductive_train.txt.
    private static bool IsOf(string stem, string[] stems, string prefix) => prefix.Length > 0
        && Array.Exists(stems, known => stem.EndsWith("_" + known, StringComparison.Ordinal)
            && prefix.StartsWith(stem[..^known.Length], StringComparison.Ordinal));
}
