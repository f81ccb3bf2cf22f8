using System.Net;
using System.Text;

namespace Kalm.Graph.Readers.Networks;

/// <summary>What stands in a GML file.</summary>
internal enum GmlToken
{
    /// <summary>A key, or a value that is no text and no number.</summary>
    Word,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>The beginning of a list.</summary>
    Open,

    /// <summary>The end of a list.</summary>
    Close,

    /// <summary>The end of the file.</summary>
    End,
}

/// <summary>Cuts a GML file into what stands in it.</summary>
/// <param name="file">The file.</param>
/// <param name="encoding">Its encoding; null for UTF-8.</param>
internal sealed class GmlTokens(GraphFile file, Encoding? encoding) : IDisposable
{
    private readonly LineReader lines = new(file, encoding);
    private int at;
    private bool isStarted;

    /// <summary>The characters of a word, a number or a text.</summary>
    public string Value { get; private set; } = "";

    /// <summary>The line it begins on.</summary>
    public int Line { get; private set; }

    /// <summary>Steps to the next.</summary>
    /// <exception cref="KalmException">A text has no end.</exception>
    public GmlToken Next()
    {
        while (!isStarted || at >= lines.Text.Length || char.IsWhiteSpace(lines.Text[at]) || IsComment())
        {
            if (isStarted && at < lines.Text.Length && !IsComment())
                at++;
            else if (!NextLine())
                return GmlToken.End;
        }
        Line = lines.Number;
        var first = lines.Text[at];
        if (first is '[' or ']')
        {
            at++;
            return first == '[' ? GmlToken.Open : GmlToken.Close;
        }
        if (first == '"')
            return Text();
        var start = at;
        while (at < lines.Text.Length && !char.IsWhiteSpace(lines.Text[at]) && lines.Text[at] is not ('[' or ']' or '"'))
            at++;
        Value = lines.Text[start..at].ToString();
        return char.IsAsciiDigit(first) || (first is '+' or '-' or '.' && Value.Length > 1 && (char.IsAsciiDigit(Value[1])
            || Value[1] == '.'))
            ? GmlToken.Number : GmlToken.Word;
    }

    /// <summary>A problem at the place of the token.</summary>
    public KalmException Fault(string problem) => new($"{new Place(file.Shown, Line)}: {problem}");

    /// <inheritdoc/>
    public void Dispose() => lines.Dispose();

    private GmlToken Text()
    {
        var text = new StringBuilder();
        at++;
        while (true)
        {
            var rest = lines.Text[at..];
            var end = rest.IndexOf('"');
            if (end >= 0)
            {
                text.Append(rest[..end]);
                at += end + 1;
                break;
            }
            text.Append(rest).Append('\n');
            if (!NextLine())
                throw Fault("a text without an end; expected a second quote");
        }
        Value = WebUtility.HtmlDecode(text.ToString());
        return GmlToken.Text;
    }

    private bool NextLine()
    {
        (isStarted, at) = (true, 0);
        return lines.Read();
    }

    private bool IsComment() => lines.Text[at] == '#' && lines.Text[..at].IsWhiteSpace();
}
