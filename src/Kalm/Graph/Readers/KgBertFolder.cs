namespace Kalm.Graph.Readers;

/// <summary>The layout of KG-BERT's data: splits as .tsv, texts as .txt files of id TAB text.</summary>
internal sealed class KgBertFolder : IGraphReader
{
    private const string Train = "train.tsv";
    private const string Ending = ".tsv";
    private const string EntityIds = "entities.txt";
    private const string RelationIds = "relations.txt";
    private const string ShortTexts = "entity2text.txt";
    private const string LongTexts = "entity2textlong.txt";
    private const string RelationTexts = "relation2text.txt";

    private static readonly string[] IdFields = ["id"];
    private static readonly string[] TextFields = ["id", "text"];

    /// <inheritdoc/>
    public string Key => "kg-bert";

    /// <inheritdoc/>
    public string Name => "KG-BERT folder (.tsv and .txt)";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        if (files.IsSingle || !files.Holds(Train, ShortTexts, RelationTexts))
            return null;
        string[] names = [Train, .. SplitNames.Valid(files, Ending), .. SplitNames.Test(files, Ending),
            EntityIds, RelationIds, ShortTexts, LongTexts, RelationTexts];
        return new Recognition(Certainty.Certain, [.. names.Select(files.Find).OfType<GraphFile>()], $"{ShortTexts} and {RelationTexts}")
        {
            IsByNames = true,
        };
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var shortTexts = ReadIdTexts(Open(ShortTexts)!, "entity");
        var longTexts = Open(LongTexts) is { } file ? ReadIdTexts(file, "entity") : null;
        string[] entityIds = Open(EntityIds) is { } listed ? ReadIds(listed, "entity") : [.. shortTexts.Keys];
        graph.Entities.AddAll(entityIds, Open(EntityIds) is null ? ShortTexts : EntityIds);
        (graph.Entities.TextsIn, graph.Entities.NeedsText, graph.NamesAreInTexts) = (ShortTexts, true, true);
        foreach (var (index, id) in entityIds.Index())
        {
            if (shortTexts.TryGetValue(id, out var name))
                graph.Entities.SetName(index, name);
            if ((longTexts?.GetValueOrDefault(id) ?? name) is { } text)
                graph.Entities.SetText(index, text);
        }
        var relationTexts = ReadIdTexts(Open(RelationTexts)!, "relation");
        string[] relationIds = Open(RelationIds) is { } listedRelations ? ReadIds(listedRelations, "relation") : [.. relationTexts.Keys];
        graph.Relations.AddAll(relationIds, Open(RelationIds) is null ? RelationTexts : RelationIds);
        (graph.Relations.TextsIn, graph.Relations.NeedsText) = (RelationTexts, true);
        foreach (var (index, id) in relationIds.Index())
            if (relationTexts.TryGetValue(id, out var text))
                graph.Relations.SetText(index, text);
        WarnOfGaps(entityIds, shortTexts, longTexts, graph.Warnings);
        SplitLines.Read(files.Find(Train)!, Split.Train, graph);
        foreach (var name in SplitNames.Valid(files, Ending))
            SplitLines.Read(files.Find(name)!, Split.Valid, graph);
        foreach (var name in SplitNames.Test(files, Ending))
            SplitLines.Read(files.Find(name)!, Split.Test, graph);

        TextFile? Open(string name) => files.Find(name) is { } file ? new TextFile(file, graph.Encoding) : null;
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
