using System.Globalization;

namespace Kalm.Graph.Readers;

/// <summary>The layout of the KaLM authors' data: splits as .txt, ids and texts as .dict files of row TAB value.</summary>
internal sealed class KalmFolder : IGraphReader
{
    private const string Train = "train.txt";
    private const string Ending = ".txt";
    private const string EntityIds = "entities.dict";
    private const string RelationIds = "relations.dict";
    private const string EntityTexts = "entityId2text.dict";
    private const string RelationTexts = "relationId2text.dict";
    private const string InverseTexts = "relationId2text_inverse.dict";
    private const string EntityNames = "entityText_short.txt";
    private const string EntityTypes = "entityTypes.dict";

    private static readonly string[] Required = [Train, EntityIds, RelationIds, EntityTexts, RelationTexts];
    private static readonly string[] IdFields = ["row", "id"];
    private static readonly string[] TextFields = ["row", "text"];
    private static readonly string[] NameFields = ["name"];
    private static readonly string[] TypeFields = ["row", "type"];

    /// <inheritdoc/>
    public string Key => "kalm";

    /// <inheritdoc/>
    public string Name => "KaLM folder (.txt and .dict)";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        if (files.IsSingle || !Required.Any(name => name.EndsWith("2text.dict", StringComparison.Ordinal) && files.Find(name) is not null))
            return null;
        var missing = Required.Where(name => files.Find(name) is null).ToList();
        if (missing.Count > 0)
            throw new KalmException($"{string.Join(", ", missing)}: not found in {files.Path}; "
                + $"expected beside {string.Join(", ", Required.Except(missing))} ({Name})");
        string[] names = [Train, .. SplitNames.Valid(files, Ending), .. SplitNames.Test(files, Ending),
            EntityIds, RelationIds, EntityTexts, RelationTexts, InverseTexts, EntityNames, EntityTypes];
        return new Recognition(Certainty.Certain, [.. names.Select(files.Find).OfType<GraphFile>()], $"{EntityTexts} and {RelationTexts}")
        {
            IsByNames = true,
        };
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var (entityIds, entityLines) = ReadIds(EntityIds, "entity");
        var (relationIds, _) = ReadIds(RelationIds, "relation");
        graph.Entities.AddAll(entityIds, EntityIds);
        graph.Relations.AddAll(relationIds, RelationIds);
        Fill(graph.Entities, EntityTexts, $"the rows of {EntityIds}");
        Fill(graph.Relations, RelationTexts, $"the rows of {RelationIds}");
        graph.NamesAreInTexts = true;
        if (Open(EntityNames) is { } names)
            foreach (var (index, name) in ReadNames(names, entityLines).Index())
                graph.Entities.SetName(index, name);
        if (Open(EntityTypes) is { } types)
            foreach (var (index, type) in ReadRows(types, TypeFields, entityIds.Length, $"the rows of {EntityIds}").Values.Index())
                if (type is not null)
                    graph.AddType(index, type);
        if (Open(InverseTexts) is { } inverse)
            foreach (var (index, text) in ReadInverseTexts(inverse, relationIds).Index())
                graph.SetInverseText(index, text);
        SplitLines.Read(files.Find(Train)!, Split.Train, graph);
        foreach (var name in SplitNames.Valid(files, Ending))
            SplitLines.Read(files.Find(name)!, Split.Valid, graph);
        foreach (var name in SplitNames.Test(files, Ending))
            SplitLines.Read(files.Find(name)!, Split.Test, graph);

        TextFile? Open(string name) => files.Find(name) is { } file ? new TextFile(file, graph.Encoding) : null;

        (string[] Ids, int[] Lines) ReadIds(string name, string kind) => KalmFolder.ReadIds(Open(name)!, kind);

        void Fill(IdTable table, string name, string reason)
        {
            (table.TextsIn, table.NeedsText) = (name, true);
            foreach (var (row, text) in ReadRows(Open(name)!, TextFields, table.Count, reason).Values.Index())
                if (text is not null)
                    table.SetText(row, text);
        }
    }

    /// <summary>Reads ids in row order, and the line each row stands on.</summary>
    private static (string[] Ids, int[] Lines) ReadIds(TextFile file, string kind)
    {
        var count = file.CountLines();
        if (count == 0)
            throw file.Fault($"empty file; expected lines of row and {kind} id, separated by a tab");
        var (values, lines) = ReadRows(file, IdFields, count, $"as the file has {count:N0} lines");
        // As many lines as rows, each row in range and none twice: every row has its id.
        string[] ids = values!;
        var firstLines = new Dictionary<string, int>(count, StringComparer.Ordinal);
        for (var row = 0; row < count; row++)
            if (!firstLines.TryAdd(ids[row], lines[row]))
                throw file.Fault(Math.Max(lines[row], firstLines[ids[row]]),
                    $"{kind} '{ids[row]}' again; expected an id once, it stands on line {Math.Min(lines[row], firstLines[ids[row]])}");
        return (ids, lines);
    }

    private static string[] ReadInverseTexts(TextFile file, string[] relationIds)
    {
        var (texts, _) = ReadRows(file, TextFields, relationIds.Length, $"the rows of {RelationIds}");
        var missing = Array.FindIndex(texts, text => text is null);
        return missing < 0
            ? Array.ConvertAll(texts, text => text!)
            : throw file.Fault($"no row {missing}; expected a text for '{relationIds[missing]}', as for every row of {RelationIds}");
    }

    private static string[] ReadNames(TextFile file, int[] entityLines)
    {
        var count = file.CountLines();
        if (count != entityLines.Length)
            throw file.Fault($"{count:N0} names; expected {entityLines.Length:N0}, one for each line of {EntityIds}");
        var names = new string[count];
        Span<Range> fields = stackalloc Range[1];
        foreach (var line in file)
        {
            line.Fields(NameFields, fields);
            names[line.Number - 1] = line.Text.ToString();
        }
        // The names stand in the order of the lines of entities.dict, which need not be that of its rows.
        return Array.ConvertAll(entityLines, line => names[line - 1]);
    }

    /// <summary>Reads lines of row TAB value in any order; a row that is absent stays null with line 0.</summary>
    private static (string?[] Values, int[] Lines) ReadRows(TextFile file, string[] fieldNames, int count, string reason)
    {
        var values = new string?[count];
        var lines = new int[count];
        Span<Range> fields = stackalloc Range[2];
        foreach (var line in file)
        {
            line.Fields(fieldNames, fields);
            var number = line.Text[fields[0]];
            var isNumber = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var row);
            if (!isNumber || row >= count)
                throw line.Fault($"row '{number}'; expected a number from 0 to {count - 1}, {reason}");
            if (lines[row] != 0)
                throw line.Fault($"row {row} again; expected each row once, it stands on line {lines[row]}");
            values[row] = line.Text[fields[1]].ToString();
            lines[row] = line.Number;
        }
        return (values, lines);
    }
}
