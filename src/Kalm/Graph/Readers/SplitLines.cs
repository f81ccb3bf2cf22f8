namespace Kalm.Graph.Readers;

/// <summary>Reads a split whose lines are head id, relation and tail id with tabs between them, and a label behind them where the split is
/// one for the classification of triples.</summary>
internal static class SplitLines
{
    private static readonly string[] FieldNames = ["head id", "relation", "tail id"];

    /// <summary>Reads a file into a split.</summary>
    public static void Read(GraphFile file, Split split, GraphBuilder graph)
    {
        var negative = 0;
        var labelled = IsLabelled(file, graph);
        Span<Range> fields = stackalloc Range[3];
        foreach (var line in new TextFile(file, graph.Encoding))
        {
            var place = new Place(file.Shown, line.Number);
            try
            {
                var text = labelled ? WithoutLabel(line, ref negative) : line;
                if (text.Text.IsEmpty && labelled)
                    continue;
                text.Fields(FieldNames, fields);
                graph.Add(split, text.Text[fields[0]], text.Text[fields[1]], text.Text[fields[2]], place);
            }
            catch (KalmException problem) when (graph.Options.SkipBad > 0)
            {
                graph.Bad(place, problem.Message[(place.ToString().Length + 2)..]);
            }
        }
        if (labelled)
        {
            graph.Used(file.Shown, "4", "label: 1 true, -1 or 0 false");
            graph.Warnings.Add($"{file.Shown}: false triples, labelled -1 or 0, left out: {negative:N0}");
        }
        if (split == Split.Train && graph[split].Triples.Count == 0)
            throw file.Fault($"no triples; expected lines of {string.Join(", ", FieldNames)} separated by tabs");
    }

    private static bool IsLabelled(GraphFile file, GraphBuilder graph)
    {
        var any = false;
        using var lines = new LineReader(file, graph.Encoding);
        while (lines.Read())
        {
            if (lines.Text.IsEmpty)
                continue;
            if (lines.Text.TrimEnd('\t').Count('\t') != 3 || Label(lines.Text) is null)
                return false;
            any = true;
        }
        return any;
    }

    private static bool? Label(ReadOnlySpan<char> line)
    {
        var text = line.TrimEnd('\t');
        return text[(text.LastIndexOf('\t') + 1)..] switch { "1" or "+1" => true, "-1" or "0" => false, _ => null };
    }

    private static TextFile.Line WithoutLabel(TextFile.Line line, ref int negative)
    {
        var text = line.Text.TrimEnd('\t');
        if (Label(line.Text) == true)
            return line.With(text[..text.LastIndexOf('\t')]);
        negative++;
        return line.With("");
    }
}
