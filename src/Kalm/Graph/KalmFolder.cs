using System.Globalization;

namespace Kalm.Graph;

/// <summary>The layout of the KaLM authors' data: splits as .txt, ids and texts as .dict files of row TAB value.</summary>
internal static class KalmFolder
{
    private const string EntityIds = "entities.dict";
    private const string RelationIds = "relations.dict";
    private const string EntityTexts = "entityId2text.dict";
    private const string RelationTexts = "relationId2text.dict";
    private const string InverseTexts = "relationId2text_inverse.dict";
    private const string EntityNames = "entityText_short.txt";

    private static readonly string[] IdFields = ["row", "id"];
    private static readonly string[] TextFields = ["row", "text"];
    private static readonly string[] NameFields = ["name"];

    public static FolderLayout Layout { get; } = new(
        "KaLM folder (.txt and .dict)",
        ["train.txt", EntityIds, RelationIds, EntityTexts, RelationTexts],
        new SplitFiles("train.txt", "valid.txt", "test.txt"),
        ReadTexts);

    private static GraphTexts ReadTexts(string folder, List<string> warnings)
    {
        var (entityIds, entityLines) = ReadIds(folder, EntityIds, "entity");
        var (relationIds, _) = ReadIds(folder, RelationIds, "relation");
        var entities = new IdTable("entity", EntityIds, EntityTexts, entityIds,
            ReadTexts(folder, EntityTexts, entityIds.Length, EntityIds));
        var relations = new IdTable("relation", RelationIds, RelationTexts, relationIds,
            ReadTexts(folder, RelationTexts, relationIds.Length, RelationIds));
        return new GraphTexts(entities, ReadNames(folder, entityLines), relations, ReadInverseTexts(folder, relationIds));
    }

    /// <summary>Reads ids in row order, and the line each row stands on.</summary>
    private static (string[] Ids, int[] Lines) ReadIds(string folder, string name, string kind)
    {
        var file = TextFile.Read(folder, name);
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

    private static string?[] ReadTexts(string folder, string name, int count, string idFile) =>
        ReadRows(TextFile.Read(folder, name), TextFields, count, $"the rows of {idFile}").Values;

    private static string?[] ReadInverseTexts(string folder, string[] relationIds)
    {
        if (TextFile.ReadIfPresent(folder, InverseTexts) is not { } file)
            return new string?[relationIds.Length];
        var (texts, _) = ReadRows(file, TextFields, relationIds.Length, $"the rows of {RelationIds}");
        var missing = Array.FindIndex(texts, text => text is null);
        return missing < 0
            ? texts
            : throw file.Fault($"no row {missing}; expected a text for '{relationIds[missing]}', as for every row of {RelationIds}");
    }

    private static string?[] ReadNames(string folder, int[] entityLines)
    {
        if (TextFile.ReadIfPresent(folder, EntityNames) is not { } file)
            return new string?[entityLines.Length];
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
