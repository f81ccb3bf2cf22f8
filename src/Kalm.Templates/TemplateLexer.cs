using System.Globalization;
using System.Text;

namespace Kalm.Templates;

/// <summary>Cuts a template into tokens, with the white space that Hugging Face's settings leave (<c>trim_blocks</c> and
/// <c>lstrip_blocks</c>).</summary>
/// <remarks>The rules are those of the template language's documentation (Jinja 3.1, "Whitespace Control").</remarks>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~",
        "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];
    private const int NameCharacters = 256;
    private readonly string source;
    private readonly int[] lineStarts;
    private readonly List<TemplateToken> tokens = [];
    private int position;
    private bool isLineStart = true;

    private TemplateLexer(string text)
    {
        source = text.ReplaceLineEndings("\n");
        if (source.EndsWith('\n'))
            source = source[..^1];
        lineStarts = [0, .. Enumerable.Range(0, source.Length).Where(index => source[index] == '\n').Select(index => index + 1)];
    }

    /// <summary>The tokens of a template.</summary>
    public static IReadOnlyList<TemplateToken> Read(string text)
    {
        if (text.Length > TemplateAllowance.SourceCharacters)
            throw new TemplateException(new TemplatePlace(1, 1),
                $"found a template of {text.Length:N0} characters; expected at most {TemplateAllowance.SourceCharacters:N0}");
        var lexer = new TemplateLexer(text);
        lexer.Run();
        return lexer.tokens;
    }

    private void Run()
    {
        while (position < source.Length)
        {
            var start = NextStart();
            if (start < 0)
            {
                AddText(position, source.Length);
                position = source.Length;
                break;
            }
            var (kind, sign) = (source[start + 1], start + 2 < source.Length && source[start + 2] is '-' or '+' ? source[start + 2] : '\0');
            AddText(position, TextEnd(start, kind, sign));
            var place = PlaceOf(start);
            position = start + (sign == '\0' ? 2 : 3);
            isLineStart = false;
            if (kind == '#')
                SkipComment(place);
            else if (kind == '%' && TryRaw(place))
                continue;
            else
                ReadInside(place, kind);
        }
        tokens.Add(new TemplateToken(TemplateTokenKind.End, "", PlaceOf(source.Length)));
    }

    private int NextStart()
    {
        for (var at = source.IndexOf('{', position); at >= 0 && at + 1 < source.Length; at = source.IndexOf('{', at + 1))
            if (source[at + 1] is '{' or '%' or '#')
                return at;
        return -1;
    }

    // Where the text before a tag ends, once the white space that the tag takes is gone.
    private int TextEnd(int start, char kind, char sign)
    {
        var end = start;
        if (sign == '-')
        {
            while (end > position && MarkedText.IsBlank(source[end - 1]))
                end--;
            return end;
        }
        if (kind == '{' || sign == '+')
            return end;
        while (end > position && source[end - 1] != '\n' && MarkedText.IsBlank(source[end - 1]))
            end--;
        return end > position ? source[end - 1] == '\n' ? end : start : isLineStart ? end : start;
    }

    private void AddText(int start, int end)
    {
        if (end > start)
            tokens.Add(new TemplateToken(TemplateTokenKind.Text, source[start..end], PlaceOf(start)));
    }

    private void SkipComment(TemplatePlace place)
    {
        var end = source.IndexOf("#}", position, StringComparison.Ordinal);
        if (end < 0)
            throw new TemplateException(place, "the comment does not end; expected '#}'");
        var sign = end > position ? source[end - 1] : '\0';
        position = end + 2;
        EndTag(sign);
    }

    private void EndTag(char sign)
    {
        if (sign == '-')
            SkipBlanks();
        else if (sign != '+' && position < source.Length && source[position] == '\n')
            position++;
        isLineStart = source[position - 1] == '\n';
    }

    private void SkipBlanks()
    {
        while (position < source.Length && MarkedText.IsBlank(source[position]))
            position++;
    }

    // Between raw and endraw nothing is read.
    private bool TryRaw(TemplatePlace place)
    {
        if (TagOf("raw", position) is not { } begin)
            return false;
        position = begin.End;
        if (begin.Sign == '-')
            SkipBlanks();
        isLineStart = source[position - 1] == '\n';
        for (var at = source.IndexOf("{%", position, StringComparison.Ordinal);
            at >= 0; at = source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            var sign = at + 2 < source.Length && source[at + 2] is '-' or '+' ? source[at + 2] : '\0';
            if (TagOf("endraw", at + (sign == '\0' ? 2 : 3)) is not { } end)
                continue;
            AddText(position, TextEnd(at, '%', sign));
            position = end.End;
            EndTag(end.Sign);
            return true;
        }
        throw new TemplateException(place, "the tag 'raw' does not end; expected 'endraw'");
    }

    private (int End, char Sign)? TagOf(string name, int start)
    {
        var at = start;
        while (at < source.Length && MarkedText.IsBlank(source[at]))
            at++;
        if (!source.AsSpan(at).StartsWith(name, StringComparison.Ordinal))
            return null;
        for (at += name.Length; at < source.Length && MarkedText.IsBlank(source[at]);)
            at++;
        var sign = at < source.Length && source[at] is '-' or '+' ? source[at++] : '\0';
        return source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal) ? (at + 2, sign) : null;
    }

    private void ReadInside(TemplatePlace begin, char kind)
    {
        var isOutput = kind == '{';
        var close = isOutput ? "}}" : "%}";
        tokens.Add(new TemplateToken(isOutput ? TemplateTokenKind.OutputBegin : TemplateTokenKind.TagBegin, isOutput ? "{{" : "{%", begin));
        var open = new Stack<char>();
        while (true)
        {
            SkipBlanks();
            if (position >= source.Length)
                throw new TemplateException(begin, $"the {(isOutput ? "expression" : "tag")} does not end; expected '{close}'");
            var rest = source.AsSpan(position);
            var place = PlaceOf(position);
            if (open.Count == 0)
            {
                var sign = rest[0] == '-' || (rest[0] == '+' && !isOutput) ? rest[0] : '\0';
                if (rest[(sign == '\0' ? 0 : 1)..].StartsWith(close, StringComparison.Ordinal))
                {
                    tokens.Add(new TemplateToken(isOutput ? TemplateTokenKind.OutputEnd : TemplateTokenKind.TagEnd, close, place));
                    position += close.Length + (sign == '\0' ? 0 : 1);
                    if (isOutput && sign == '\0')
                        isLineStart = false;
                    else
                        EndTag(sign);
                    return;
                }
            }
            tokens.Add(ReadToken(rest, place, open));
        }
    }

    private TemplateToken ReadToken(ReadOnlySpan<char> rest, TemplatePlace place, Stack<char> open)
    {
        if (char.IsLetter(rest[0]) || rest[0] == '_')
        {
            var length = LengthOf(rest, unit => char.IsLetterOrDigit(unit) || unit == '_');
            return length <= NameCharacters ? Take(TemplateTokenKind.Name, length, place)
                : throw new TemplateException(place, $"found a name of {length} characters; expected at most {NameCharacters}");
        }
        if (char.IsAsciiDigit(rest[0]))
            return ReadNumber(rest, place);
        if (rest[0] is '\'' or '"')
            return ReadString(rest[0], place);
        var found = Array.Find(Operators, text => source.AsSpan(position).StartsWith(text, StringComparison.Ordinal))
            ?? throw new TemplateException(place, $"found the character '{rest[0]}'; expected an expression");
        if (found is "(" or "[" or "{")
            open.Push(found[0]);
        else if (found is ")" or "]" or "}"
            && (!open.TryPop(out var opened) || found[0] != (opened == '(' ? ')' : opened == '[' ? ']' : '}')))
            throw new TemplateException(place, $"found '{found}', which closes nothing");
        return Take(TemplateTokenKind.Operator, found.Length, place);
    }

    private TemplateToken ReadNumber(ReadOnlySpan<char> rest, TemplatePlace place)
    {
        var length = LengthOf(rest, unit => char.IsAsciiDigit(unit) || unit == '_');
        var kind = TemplateTokenKind.Integer;
        if (length + 1 < rest.Length && rest[length] == '.' && char.IsAsciiDigit(rest[length + 1]))
        {
            length += 1 + LengthOf(rest[(length + 1)..], unit => char.IsAsciiDigit(unit) || unit == '_');
            kind = TemplateTokenKind.Float;
        }
        var exponent = length < rest.Length && rest[length] is 'e' or 'E' ? length + 1 : -1;
        if (exponent > 0 && exponent < rest.Length && rest[exponent] is '+' or '-')
            exponent++;
        if (exponent > 0 && exponent < rest.Length && char.IsAsciiDigit(rest[exponent]))
        {
            length = exponent + LengthOf(rest[exponent..], char.IsAsciiDigit);
            kind = TemplateTokenKind.Float;
        }
        return Take(kind, length, place);
    }

    private static int LengthOf(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var length = 0;
        while (length < text.Length && belongs(text[length]))
            length++;
        return length;
    }

    private TemplateToken Take(TemplateTokenKind kind, int length, TemplatePlace place)
    {
        var text = source.Substring(position, length);
        position += length;
        return new TemplateToken(kind, text, place);
    }

    private TemplateToken ReadString(char quote, TemplatePlace place)
    {
        var text = new StringBuilder();
        for (var at = position + 1; at < source.Length; at++)
        {
            if (source[at] == quote)
            {
                position = at + 1;
                return new TemplateToken(TemplateTokenKind.String, text.ToString(), place);
            }
            if (source[at] != '\\' || at + 1 == source.Length)
                text.Append(source[at]);
            else
                at = Escape(at + 1, text, place);
        }
        throw new TemplateException(place, $"the text does not end; expected {quote}");
    }

    // Python's escapes; one that is none stands for itself.
    private int Escape(int at, StringBuilder text, TemplatePlace place)
    {
        const string Simple = "n\nt\tr\r\\\\'\'\"\"a\ab\bf\fv\v0\0";
        var digits = source[at] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits >= source.Length
                || !uint.TryParse(
                    source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                || code > 0x10FFFF)
                throw new TemplateException(place, $"found '\\{source[at]}' in a text; expected {digits} hexadecimal digits behind it");
            text.Append(code is >= 0xD800 and <= 0xDFFF or <= 0xFFFF ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
            return at + digits;
        }
        var simple = -1;
        for (var index = 0; index < Simple.Length; index += 2)
            if (Simple[index] == source[at])
                simple = index;
        if (source[at] == '\n')
            return at;
        if (simple >= 0)
            text.Append(Simple[simple + 1]);
        else
            text.Append('\\').Append(source[at]);
        return at;
    }

    private TemplatePlace PlaceOf(int index)
    {
        var line = Array.BinarySearch(lineStarts, index);
        line = line < 0 ? ~line - 1 : line;
        return new TemplatePlace(line + 1, index - lineStarts[line] + 1);
    }
}
