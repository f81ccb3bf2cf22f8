using System.Globalization;

namespace Kalm.Graph.Readers.Tables;

/// <summary>The ids that the numbers of a table stand for.</summary>
/// <param name="Kind">"entity" or "relation".</param>
/// <param name="File">The file that numbers them.</param>
/// <param name="Ids">The ids by number; null where a number stands for none.</param>
internal sealed record IdMap(string Kind, string File, IReadOnlyList<string?> Ids)
{
    /// <summary>Puts the id in a number's place; false where there is none and the line is passed over.</summary>
    public bool Map(ref ReadOnlySpan<char> field, GraphBuilder graph, Place place)
    {
        if (int.TryParse(field.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < Ids.Count && Ids[number] is { } id)
        {
            field = id;
            return true;
        }
        graph.Bad(place, $"{Kind} '{field}'; expected a number of {File}, from 0 to {Ids.Count - 1:N0}");
        return false;
    }

    /// <summary>Reads lines of number and id, or of id and number, in any order; a first line that is only a count is passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="kind">"entity" or "relation".</param>
    /// <param name="graph">The options; takes how the columns were understood.</param>
    public static IdMap Read(GraphFile file, string kind, GraphBuilder graph)
    {
        var (rows, lines) = (new List<string[]>(), new List<int>());
        var shape = TableShape.Of(file, graph, 2);
        using (var reader = new SeparatedReader(file, graph.Encoding, shape.Delimiter == ' ' ? '\t' : shape.Delimiter, shape.HasQuotes))
            while (reader.Read())
            {
                var row = reader.ToArray();
                if (row.Length == 1 && row[0].LastIndexOf(' ') is > 0 and var cut)
                    row = [row[0][..cut].Trim(), row[0][(cut + 1)..]];
                rows.Add(row);
                lines.Add(reader.Line);
            }
        if (rows.Count > 0 && rows[0].Length == 1 && Number(rows[0][0]) >= 0)
            Drop();
        if (rows.Count == 0)
            throw file.Fault($"no ids; expected lines of {kind} id and number");
        var hasHeading = rows[0].Length == 2 && Number(rows[0][0]) < 0 && Number(rows[0][1]) < 0;
        if (hasHeading)
            Drop();
        var numbersFirst = rows.All(row => row.Length >= 2 && Number(row[0]) >= 0) && !rows.All(row => Number(row[1]) >= 0 && IsIdFirst(file));
        graph.Used(file.Shown, numbersFirst ? "1, 2" : "2, 1", $"number and id of the {kind}");
        var ids = new string?[rows.Count];
        var seen = new Dictionary<string, int>(rows.Count, StringComparer.Ordinal);
        for (var index = 0; index < rows.Count; index++)
        {
            var row = rows[index];
            var place = new Place(file.Shown, lines[index]);
            if (row.Length != 2)
            {
                graph.Bad(place, $"{row.Length} field{(row.Length == 1 ? "" : "s")}; expected 2: {kind} id and number");
                continue;
            }
            var (id, number) = numbersFirst ? (row[1], Number(row[0])) : (row[0], Number(row[1]));
            if (number < 0 || number >= ids.Length)
                graph.Bad(place, $"number '{(numbersFirst ? row[0] : row[1])}'; expected one from 0 to {ids.Length - 1}, as there are "
                    + $"{ids.Length:N0} lines of ids");
            else if (ids[number] is { } taken)
                graph.Bad(place, $"number {number} again; expected each once, it stands for '{taken}'");
            else if (!seen.TryAdd(id, number))
                graph.Bad(place, $"{kind} '{id}' again; expected an id once, it has the number {seen[id]}");
            else
                ids[number] = id;
        }
        return new IdMap(kind, file.Shown, ids);

        void Drop()
        {
            rows.RemoveAt(0);
            lines.RemoveAt(0);
        }
    }

    // Files called entity2id and entity_to_id hold the id before its number, others the number before the id.
    private static bool IsIdFirst(GraphFile file) => file.Stem.EndsWith("2id", StringComparison.Ordinal);

    private static int Number(string field) =>
        int.TryParse(field.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
