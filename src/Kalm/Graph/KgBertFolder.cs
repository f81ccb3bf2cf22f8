namespace Kalm.Graph;

/// <summary>The layout of KG-BERT's data: splits as .tsv, texts as .txt files of id TAB text.</summary>
internal static class KgBertFolder
{
    private const string EntityIds = "entities.txt";
    private const string RelationIds = "relations.txt";
    private const string ShortTexts = "entity2text.txt";
    private const string LongTexts = "entity2textlong.txt";
    private const string RelationTexts = "relation2text.txt";

    private static readonly string[] IdFields = ["id"];
    private static readonly string[] TextFields = ["id", "text"];

    public static FolderLayout Layout { get; } = new(
        "KG-BERT folder (.tsv and .txt)",
        ["train.tsv", ShortTexts, RelationTexts],
        new SplitFiles("train.tsv", "dev.tsv", "test.tsv"),
        ReadTexts);

    private static GraphTexts ReadTexts(string folder, List<string> warnings)
    {
        var shortTexts = ReadIdTexts(TextFile.Read(folder, ShortTexts), "entity");
        var longFile = TextFile.ReadIfPresent(folder, LongTexts);
        var longTexts = longFile is null ? [] : ReadIdTexts(longFile, "entity");
        var listedEntities = TextFile.ReadIfPresent(folder, EntityIds);
        string[] entityIds = listedEntities is null ? [.. shortTexts.Keys] : ReadIds(listedEntities, "entity");
        var names = Array.ConvertAll(entityIds, id => shortTexts.GetValueOrDefault(id));
        var descriptions = Array.ConvertAll(entityIds, id => longTexts.GetValueOrDefault(id) ?? shortTexts.GetValueOrDefault(id));
        var entities = new IdTable("entity", listedEntities?.Name ?? ShortTexts, ShortTexts, entityIds, descriptions);

        var relationTexts = ReadIdTexts(TextFile.Read(folder, RelationTexts), "relation");
        var listedRelations = TextFile.ReadIfPresent(folder, RelationIds);
        string[] relationIds = listedRelations is null ? [.. relationTexts.Keys] : ReadIds(listedRelations, "relation");
        var relations = new IdTable("relation", listedRelations?.Name ?? RelationTexts, RelationTexts, relationIds,
            Array.ConvertAll(relationIds, id => relationTexts.GetValueOrDefault(id)));

        WarnOfGaps(entityIds, shortTexts, longFile is null ? null : longTexts, warnings);
        return new GraphTexts(entities, names, relations, new string?[relationIds.Length]);
    }

    private static void WarnOfGaps(string[] entityIds, OrderedDictionary<string, string> shortTexts,
        OrderedDictionary<string, string>? longTexts, List<string> warnings)
    {
        var unlisted = shortTexts.Count - entityIds.Count(shortTexts.ContainsKey);
        if (unlisted > 0)
            warnings.Add($"{ShortTexts}: ids that {EntityIds} lacks, left out: {unlisted:N0}");
        var withoutLongText = longTexts is null ? 0 : entityIds.Count(id => !longTexts.ContainsKey(id));
        if (withoutLongText > 0)
            warnings.Add($"{LongTexts}: entities without a text: {withoutLongText:N0}; theirs in {ShortTexts} serves");
    }

    private static string[] ReadIds(TextFile file, string kind)
    {
        var ids = new OrderedDictionary<string, int>(file.CountLines(), StringComparer.Ordinal);
        Span<Range> fields = stackalloc Range[1];
        foreach (var line in file)
        {
            line.Fields(IdFields, fields);
            var id = line.Text.ToString();
            if (!ids.TryAdd(id, line.Number))
                throw line.Fault($"{kind} '{id}' again; expected an id once, it stands on line {ids[id]}");
        }
        return ids.Count > 0 ? [.. ids.Keys] : throw file.Fault($"empty file; expected one {kind} id a line");
    }

    private static OrderedDictionary<string, string> ReadIdTexts(TextFile file, string kind)
    {
        var texts = new OrderedDictionary<string, string>(file.CountLines(), StringComparer.Ordinal);
        Span<Range> fields = stackalloc Range[2];
        foreach (var line in file)
        {
            line.Fields(TextFields, fields);
            var id = line.Text[fields[0]].ToString();
            // Every line adds one id, so an id's place counts its line.
            if (!texts.TryAdd(id, line.Text[fields[1]].ToString()))
                throw line.Fault($"{kind} '{id}' again; expected an id once, it stands on line {texts.IndexOf(id) + 1}");
        }
        return texts.Count > 0 ? texts : throw file.Fault($"empty file; expected lines of {kind} id and text, separated by a tab");
    }
}
