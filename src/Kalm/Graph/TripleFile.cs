using System.Buffers;

namespace Kalm.Graph;

/// <summary>Reads a graph that is one file of triples, .tsv or .csv, in which ids are names, with an optional file of
/// descriptions.</summary>
internal static class TripleFile
{
    private static readonly string[] TripleColumns = ["head", "relation", "tail"];
    private static readonly string[] TextColumns = ["id", "description"];
    private static readonly SearchValues<char> Breaks = SearchValues.Create("\t\r\n");

    public static KnowledgeGraph Read(string path, GraphOptions options)
    {
        var warnings = new List<string>();
        var file = SeparatedFile.Read(path, TripleColumns);
        var (entityIds, relationIds) = (NewIds(), NewIds());
        var triples = ReadTriples(file, entityIds, relationIds, warnings);
        var texts = Texts(file, options.Texts, [.. entityIds.Keys], [.. relationIds.Keys], warnings);
        return texts.MakeGraph(path, $"file of triples ({file.Kind})", GraphSplits.OfTrain(triples), options, warnings);
    }

    private static OrderedDictionary<string, int> NewIds() => new(StringComparer.Ordinal);

    private static TripleList ReadTriples(
        SeparatedFile file, OrderedDictionary<string, int> entityIds, OrderedDictionary<string, int> relationIds, List<string> warnings)
    {
        var triples = new TripleList(file.Name, file.CountLines(), null);
        var padded = new LineCount();
        foreach (var (line, fields) in file.Rows())
        {
            for (var index = 0; index < fields.Length; index++)
                if (fields[index].AsSpan().ContainsAny(Breaks))
                    throw file.Fault(line, $"a tab or a line end in the {TripleColumns[index]}; expected a name on one line");
            if (fields.Any(field => char.IsWhiteSpace(field[0]) || char.IsWhiteSpace(field[^1])))
                padded.Add(line);
            var triple = new Triple(IndexOf(entityIds, fields[0]), IndexOf(relationIds, fields[1]), IndexOf(entityIds, fields[2]));
            if (!triples.Add(triple, line))
                triples.NoteRepeated(fields[0], fields[1], fields[2], line);
        }
        if (triples.Triples.Count == 0)
            throw file.Fault($"no triples; expected lines of {file.Expected}");
        triples.Warn(warnings);
        if (padded.Count > 0)
            warnings.Add($"{file.Name}({padded.First}): lines with a name that begins or ends with a space, which makes it another "
                + $"name: {padded.Count:N0}");
        return triples;
    }

    private static int IndexOf(OrderedDictionary<string, int> ids, string id)
    {
        if (ids.TryGetValue(id, out var index))
            return index;
        ids.Add(id, ids.Count);
        return ids.Count - 1;
    }

    private static GraphTexts Texts(SeparatedFile file, string? textsPath, string[] entityIds, string[] relationIds, List<string> warnings)
    {
        var (textsIn, descriptions) = textsPath is null ? (file.Name, []) : ReadDescriptions(textsPath, file.Name, entityIds, warnings);
        var entities = new IdTable(
            "entity", file.Name, textsIn, entityIds, Array.ConvertAll(entityIds, id => descriptions.GetValueOrDefault(id, id)));
        var relations = new IdTable("relation", file.Name, file.Name, relationIds, Array.ConvertAll(relationIds, WordsOf));
        return new GraphTexts(entities, entityIds, relations, new string?[relationIds.Length]);
    }

    private static (string Name, Dictionary<string, string> Descriptions) ReadDescriptions(
        string path, string tripleFile, string[] entityIds, List<string> warnings)
    {
        var file = SeparatedFile.Read(path, TextColumns);
        var descriptions = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (line, fields) in file.Rows())
        {
            if (!lines.TryAdd(fields[0], line))
                throw file.Fault(line, $"entity '{fields[0]}' again; expected an id once, it stands on line {lines[fields[0]]}");
            // A description may span lines in its file, but is one line to a model and in every table.
            descriptions.Add(fields[0], fields[1].AsSpan().ContainsAny(Breaks) ? OnOneLine(fields[1]) : fields[1]);
        }
        if (descriptions.Count == 0)
            throw file.Fault($"no descriptions; expected lines of {file.Expected}");
        var without = entityIds.Count(id => !descriptions.ContainsKey(id));
        var unused = descriptions.Count - (entityIds.Length - without);
        if (unused > 0)
            warnings.Add($"{file.Name}: ids that {tripleFile} lacks, left out: {unused:N0}");
        if (without > 0)
            warnings.Add($"{file.Name}: entities without a description: {without:N0}; their name serves");
        return (file.Name, descriptions);
    }

    private static string OnOneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The words of a relation's name; the name itself when it has none.</summary>
    private static string WordsOf(string id) => id.Replace('_', ' ').Trim() is { Length: > 0 } words ? words : id;
}
