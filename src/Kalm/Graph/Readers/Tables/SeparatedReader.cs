using System.Text;

namespace Kalm.Graph.Readers.Tables;

/// <summary>Walks over the rows of a table whose fields are separated by a character, holding one row. Where the table has quotes (RFC
/// 4180), fields within them may hold the character, doubled quotes and line ends; a quote inside another field stands for itself. Rows
/// without a character are passed over.</summary>
/// <param name="file">The file.</param>
/// <param name="encoding">The encoding of its bytes; null for UTF-8.</param>
/// <param name="delimiter">What separates fields; of spaces any number does.</param>
/// <param name="hasQuotes">Whether fields may stand in quotes.</param>
internal sealed class SeparatedReader(GraphFile file, Encoding? encoding, char delimiter, bool hasQuotes) : IDisposable
{
    private readonly LineReader lines = new(file, encoding);
    private readonly StringBuilder quoted = new();
    private readonly List<Range> fields = [];
    private char[] copied = [];
    private bool isCopied;

    /// <summary>The line that the row begins on, counted from 1.</summary>
    public int Line { get; private set; }

    /// <summary>The fields of the row.</summary>
    public int Count => fields.Count;

    /// <summary>What is wrong with the row's quotes; null where nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>A field of the row; until the next is read.</summary>
    public ReadOnlySpan<char> this[int index] => isCopied ? copied.AsSpan(fields[index]) : lines.Text[fields[index]];

    /// <summary>The fields of the row as strings.</summary>
    public string[] ToArray()
    {
        var row = new string[Count];
        for (var index = 0; index < row.Length; index++)
            row[index] = this[index].ToString();
        return row;
    }

    /// <summary>Steps to the next row.</summary>
    public bool Read()
    {
        while (lines.Read())
        {
            if (lines.Text.IsWhiteSpace() && (delimiter != '\t' || !lines.Text.Contains('\t')))
                continue;
            Line = lines.Number;
            fields.Clear();
            (isCopied, Problem) = (false, null);
            if (hasQuotes && lines.Text.Contains('"'))
                ReadQuoted();
            else if (delimiter == ' ')
                CutAtSpaces();
            else
                foreach (var field in lines.Text.Split(delimiter))
                    fields.Add(field);
            return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => lines.Dispose();

    private void CutAtSpaces()
    {
        var text = lines.Text;
        for (var at = 0; at < text.Length;)
        {
            var end = at;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            if (end > at)
                fields.Add(at..end);
            at = end + 1;
        }
    }

    private void ReadQuoted()
    {
        quoted.Clear();
        isCopied = true;
        var (at, start) = (0, 0);
        while (true)
        {
            var text = lines.Text;
            if (at < text.Length && text[at] == '"')
            {
                if (!ReadQuotedField(ref at))
                    break;
            }
            else
            {
                var length = text[at..].IndexOf(delimiter);
                var end = length < 0 ? text.Length : at + length;
                quoted.Append(text[at..end]);
                at = end;
            }
            fields.Add(start..quoted.Length);
            start = quoted.Length;
            if (at >= lines.Text.Length)
                break;
            at++;   // the delimiter
        }
        if (copied.Length < quoted.Length)
            copied = new char[Math.Max(256, 2 * quoted.Length)];
        quoted.CopyTo(0, copied, quoted.Length);
    }

    // Reads from a quote to behind its partner, over line ends; false when the row is at its end or its quotes are wrong.
    private bool ReadQuotedField(ref int at)
    {
        at++;
        while (true)
        {
            var text = lines.Text;
            var length = text[at..].IndexOf('"');
            if (length < 0)
            {
                quoted.Append(text[at..]).Append('\n');
                at = 0;
                if (lines.Read())
                    continue;
                Problem = "a quote that is never closed; expected a second one before a separator or the end of the line";
                return false;
            }
            quoted.Append(text.Slice(at, length));
            at += length + 1;
            if (at >= text.Length || text[at] != '"')
                break;
            quoted.Append('"');
            at++;
        }
        if (at < lines.Text.Length && lines.Text[at] != delimiter)
        {
            Problem = $"'{lines.Text[at]}' after a closing quote; expected {TableShape.NameOf(delimiter)} or the end of the line";
            return false;
        }
        return true;
    }
}
