using System.Text;

namespace Kalm.Graph;

/// <summary>A row of a <see cref="SeparatedFile"/>.</summary>
/// <param name="Line">The line it begins on, counted from 1.</param>
/// <param name="Fields">As many as columns; none is empty.</param>
internal readonly record struct SeparatedRow(int Line, string[] Fields);

/// <summary>A table in a text file: .tsv, its fields separated by tabs and taken as they are, or .csv, separated by commas, with the
/// quotes of RFC 4180. Its first row may be a heading.</summary>
internal sealed class SeparatedFile
{
    private readonly TextFile file;
    private readonly bool hasQuotes;
    private readonly string[] columns;

    private SeparatedFile(TextFile file, bool hasQuotes, string[] columns) =>
        (this.file, this.hasQuotes, this.columns) = (file, hasQuotes, columns);

    /// <summary>The file name without its folder, as messages show it.</summary>
    public string Name => file.Name;

    /// <summary>The kind of file, in words.</summary>
    public string Kind => hasQuotes ? ".csv" : ".tsv";

    /// <summary>What a row holds, in words.</summary>
    public string Expected => $"{columns.Length} fields separated by {(hasQuotes ? "commas" : "tabs")}: {string.Join(", ", columns)}";

    /// <summary>Reads a file that must be there.</summary>
    /// <param name="path">Its ending tells its kind.</param>
    /// <param name="columns">The names of its columns, which a heading repeats in any case.</param>
    public static SeparatedFile Read(string path, string[] columns)
    {
        var ending = Path.GetExtension(path);
        var isComma = ending.Equals(".csv", StringComparison.OrdinalIgnoreCase);
        if (!isComma && !ending.Equals(".tsv", StringComparison.OrdinalIgnoreCase))
            throw new KalmException($"{path}: neither .tsv nor .csv; expected a file of {string.Join(", ", columns)}, separated by tabs "
                + "(.tsv) or commas (.csv)");
        var folder = Path.GetDirectoryName(path);
        return new SeparatedFile(TextFile.Read(string.IsNullOrEmpty(folder) ? "." : folder, Path.GetFileName(path)), isComma, columns);
    }

    /// <summary>At most how many rows there are.</summary>
    public int CountLines() => file.CountLines();

    /// <summary>The rows below the heading.</summary>
    public IEnumerable<SeparatedRow> Rows()
    {
        var isFirst = true;
        foreach (var row in hasQuotes ? QuotedRows() : PlainRows())
        {
            if (!isFirst || !IsHeading(row.Fields))
                yield return Checked(row);
            isFirst = false;
        }
    }

    /// <summary>A problem with the whole file.</summary>
    public KalmException Fault(string problem) => file.Fault(problem);

    /// <summary>A problem on a line, counted from 1.</summary>
    public KalmException Fault(int line, string problem) => file.Fault(line, problem);

    private bool IsHeading(string[] fields) => fields.SequenceEqual(columns, StringComparer.OrdinalIgnoreCase);

    private SeparatedRow Checked(SeparatedRow row)
    {
        var found = row.Fields.Length;
        if (found == 1 && string.IsNullOrWhiteSpace(row.Fields[0]))
            throw file.Fault(row.Line, $"blank line; expected {Expected}");
        if (found != columns.Length)
            throw file.Fault(row.Line, $"{found} field{(found == 1 ? "" : "s")}; expected {Expected}");
        var empty = Array.FindIndex(row.Fields, string.IsNullOrWhiteSpace);
        return empty < 0 ? row : throw file.Fault(row.Line, $"empty {columns[empty]}; expected {Expected}");
    }

    private IEnumerable<SeparatedRow> PlainRows()
    {
        var (content, line) = (file.Content, 0);
        for (var at = 0; at < content.Length;)
        {
            var end = content.IndexOf('\n', at);
            if (end < 0)
                end = content.Length;
            yield return new SeparatedRow(++line, WithoutReturn(content[at..end]).Split('\t'));
            at = end + 1;
        }
    }

    private IEnumerable<SeparatedRow> QuotedRows()
    {
        var (at, line) = (0, 1);
        while (at < file.Content.Length)
        {
            var first = line;
            yield return new SeparatedRow(first, ReadQuotedRow(ref at, ref line));
        }
    }

    /// <summary>Reads a row and moves behind its line end; quoted fields may hold commas, doubled quotes and line ends.</summary>
    private string[] ReadQuotedRow(ref int at, ref int line)
    {
        var content = file.Content;
        var fields = new List<string>(columns.Length);
        while (true)
        {
            fields.Add(at < content.Length && content[at] == '"' ? ReadQuotedField(ref at, ref line) : ReadBareField(ref at, line));
            if (at < content.Length && content[at] == ',')
            {
                at++;
                continue;
            }
            at++;   // the line end
            line++;
            return [.. fields];
        }
    }

    private string ReadBareField(ref int at, int line)
    {
        var content = file.Content;
        var length = content.AsSpan(at).IndexOfAny(',', '\n');
        var end = length < 0 ? content.Length : at + length;
        var field = content[at..end];
        at = end;
        if (field.Contains('"', StringComparison.Ordinal))
            throw file.Fault(line, "a quote inside a field without quotes; expected the whole field in quotes, each quote in it doubled");
        return end < content.Length && content[end] == ',' ? field : WithoutReturn(field);
    }

    private string ReadQuotedField(ref int at, ref int line)
    {
        var content = file.Content;
        var (first, field) = (line, new StringBuilder());
        at++;
        while (true)
        {
            if (at >= content.Length)
                throw file.Fault(first, "a quote that is never closed; expected a second one before a comma or the end of the line");
            var character = content[at++];
            if (character == '"')
            {
                if (at >= content.Length || content[at] != '"')
                    break;
                at++;
            }
            else if (character == '\n')
            {
                line++;
            }
            field.Append(character);
        }
        if (at < content.Length && content[at] == '\r')
            at++;
        if (at < content.Length && content[at] is not (',' or '\n'))
            throw file.Fault(line, $"'{content[at]}' after a closing quote; expected a comma or the end of the line");
        return field.ToString();
    }

    private static string WithoutReturn(string text) => text.EndsWith('\r') ? text[..^1] : text;
}
