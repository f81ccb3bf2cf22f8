using System.Globalization;
using System.Text;

namespace Kalm.Graph.Readers.Cypher;

/// <summary>Cuts a Cypher script into statements, and these into words.</summary>
/// <param name="file">The file.</param>
/// <param name="encoding">Its encoding; null for UTF-8.</param>
internal sealed class CypherScript(GraphFile file, Encoding? encoding) : IDisposable
{
    private readonly LineReader lines = new(file, encoding);
    private readonly List<CypherWord> words = [];
    private int at;
    private bool isStarted;

    /// <summary>The words of the next statement, which hold until the one after it is asked for; null behind the last.</summary>
    /// <param name="most">At most so many words of it; the next call goes on behind them.</param>
    /// <exception cref="KalmException">A text, a name or a comment has no end.</exception>
    public IReadOnlyList<CypherWord>? Next(int most = int.MaxValue)
    {
        words.Clear();
        while (words.Count < most && Skip())
        {
            var first = lines.Text[at];
            // A command of the shell, such as :begin, is a line.
            if (words.Count == 0 && first == ':')
            {
                words.Add(new CypherWord(CypherKind.Symbol, lines.Text[at..].TrimEnd(';').ToString(), lines.Number));
                at = lines.Text.Length;
                break;
            }
            if (first == ';')
            {
                at++;
                if (words.Count > 0)
                    break;
                continue;
            }
            words.Add(Word(first));
        }
        if (words.Count == 0)
            return null;
        words.Add(new CypherWord(CypherKind.End, "", lines.Number));
        return words;
    }

    /// <inheritdoc/>
    public void Dispose() => lines.Dispose();

    private CypherWord Word(char first)
    {
        var (line, start) = (lines.Number, at);
        if (first is '\'' or '"')
            return new CypherWord(CypherKind.Text, Quoted(first), line);
        if (first == '`')
            return new CypherWord(CypherKind.QuotedName, Quoted(first), line);
        at++;
        if (char.IsLetter(first) || first == '_')
        {
            while (at < lines.Text.Length && (char.IsLetterOrDigit(lines.Text[at]) || lines.Text[at] == '_'))
                at++;
            return new CypherWord(CypherKind.Name, lines.Text[start..at].ToString(), line);
        }
        if (char.IsAsciiDigit(first))
        {
            while (at < lines.Text.Length && IsOfNumber(lines.Text, at))
                at++;
            return new CypherWord(CypherKind.Number, lines.Text[start..at].ToString(), line);
        }
        return new CypherWord(CypherKind.Symbol, first.ToString(), line);
    }

    // 12, 1.5, 1e-5, 0x1F; the dots of 1..3 are of no number.
    private static bool IsOfNumber(ReadOnlySpan<char> text, int place) => text[place] switch
    {
        '.' => place + 1 < text.Length && char.IsAsciiDigit(text[place + 1]),
        '+' or '-' => text[place - 1] is 'e' or 'E' && !text[..place].Contains('x'),
        var letter => char.IsAsciiLetterOrDigit(letter) || letter == '_',
    };

    private string Quoted(char quote)
    {
        var (text, line) = (new StringBuilder(), lines.Number);
        at++;
        while (true)
        {
            if (at >= lines.Text.Length)
            {
                text.Append('\n');
                if (!NextLine())
                    throw new KalmException($"{new Place(file.Shown, line)}: a {(quote == '`' ? "name" : "text")} without an end; "
                        + $"expected a second {quote}");
                continue;
            }
            var letter = lines.Text[at++];
            if (letter == '\\' && quote != '`' && at < lines.Text.Length)
                Escape(text);
            else if (letter != quote)
                text.Append(letter);
            else if (quote == '`' && at < lines.Text.Length && lines.Text[at] == '`')
                text.Append(lines.Text[at++]);
            else
                return text.ToString();
        }
    }

    private void Escape(StringBuilder text)
    {
        var letter = lines.Text[at++];
        var digits = letter switch { 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0 && at + digits <= lines.Text.Length && uint.TryParse(lines.Text.Slice(at, digits), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out var code) && code <= 0x10FFFF)
        {
            at += digits;
            text.Append(code <= char.MaxValue ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
            return;
        }
        text.Append(letter switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', _ => letter });
    }

    // Goes to the next character that is neither blank nor in a comment.
    private bool Skip()
    {
        while (true)
        {
            if (!isStarted || at >= lines.Text.Length || lines.Text[at..].StartsWith("//"))
            {
                if (!NextLine())
                    return false;
            }
            else if (lines.Text[at..].StartsWith("/*"))
            {
                SkipComment();
            }
            else if (char.IsWhiteSpace(lines.Text[at]))
            {
                at++;
            }
            else
            {
                return true;
            }
        }
    }

    private void SkipComment()
    {
        var line = lines.Number;
        at += 2;
        while (true)
        {
            var end = lines.Text[at..].IndexOf("*/", StringComparison.Ordinal);
            if (end >= 0)
            {
                at += end + 2;
                return;
            }
            if (!NextLine())
                throw new KalmException($"{new Place(file.Shown, line)}: a comment without an end; expected */");
        }
    }

    private bool NextLine()
    {
        isStarted = true;
        if (!lines.Read())
        {
            at = lines.Text.Length;
            return false;
        }
        at = 0;
        return true;
    }
}
