using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>The names that Turtle and its relatives have.</summary>
internal enum NameKind
{
    /// <summary>What stands before the colon of a prefixed name.</summary>
    Prefix,

    /// <summary>What stands behind it.</summary>
    Local,

    /// <summary>A blank node's label.</summary>
    Blank,

    /// <summary>A blank node's label in N-Triples and N-Quads, where it may hold colons.</summary>
    BlankInLines,
}

/// <summary>The tokens that N-Triples, N-Quads, Turtle and TriG share, as their grammars define them.</summary>
internal static class RdfLexical
{
    /// <summary>The escapes, as messages list them.</summary>
    public const string Escapes = """an escape: \t \b \n \r \f \" \' \\ \uXXXX \UXXXXXXXX""";

    private const string Reserved = "_~.-!$&'()*+,;=/?#@%";

    /// <summary>What ends an IRI: its closing bracket, or a character that it may not hold.</summary>
    public static SearchValues<char> IriEnds { get; } = SearchValues.Create(
        string.Concat(Enumerable.Range(0, 0x21).Select(code => (char)code)) + "<>\"{}|^`");

    /// <summary>Whether a reference begins with a scheme, which makes it absolute.</summary>
    public static bool HasScheme(ReadOnlySpan<char> reference)
    {
        var colon = reference.IndexOf(':');
        if (colon <= 0 || !char.IsAsciiLetter(reference[0]))
            return false;
        foreach (var character in reference[1..colon])
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('+' or '-' or '.'))
                return false;
        return true;
    }

    /// <summary>The length of the name that a text begins with; a dot belongs to it only where more of it follows.</summary>
    /// <param name="text">The text.</param>
    /// <param name="kind">The kind of name.</param>
    /// <param name="isCut">Whether the name might go on behind the text.</param>
    public static int NameLength(ReadOnlySpan<char> text, NameKind kind, out bool isCut)
    {
        var (at, end) = (0, 0);
        while (at < text.Length)
        {
            if (text[at] == '.' && at > 0)
            {
                at++;
                continue;
            }
            var width = Width(text[at..], kind, isFirst: at == 0);
            if (width < 0)
                at = text.Length;
            if (width <= 0)
                break;
            at += width;
            end = at;
        }
        isCut = at == text.Length;
        return end;
    }

    /// <summary>The length of the language tag, with its direction, that a text begins with; 0 where it begins with none.</summary>
    /// <param name="text">The text behind the @.</param>
    /// <param name="language">How much of that is the language.</param>
    /// <param name="isCut">Whether the tag might go on behind the text.</param>
    public static int LanguageLength(ReadOnlySpan<char> text, out int language, out bool isCut)
    {
        language = 0;
        while (language < text.Length && char.IsAsciiLetter(text[language]))
            language++;
        var end = language;
        while (language > 0 && end + 1 < text.Length && text[end] == '-' && char.IsAsciiLetterOrDigit(text[end + 1]))
        {
            end++;
            while (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
                end++;
        }
        language = end;
        var rest = text[end..];
        if (language > 0 && (rest.StartsWith("--ltr") || rest.StartsWith("--rtl")))
            end += "--ltr".Length;
        isCut = end + "--ltr".Length > text.Length;
        return end;
    }

    /// <summary>Replaces the escapes of a text.</summary>
    /// <param name="text">The text between its delimiters.</param>
    /// <param name="room">Takes it; as long as the text is enough.</param>
    /// <param name="isIri">Whether it is an IRI, which has numeric escapes only, and not of every character.</param>
    /// <returns>How much of the room is used; -1 where a backslash begins no escape.</returns>
    public static int Unescape(ReadOnlySpan<char> text, Span<char> room, bool isIri)
    {
        var used = 0;
        var halves = false;
        while (true)
        {
            var next = text.IndexOf('\\');
            var plain = next < 0 ? text : text[..next];
            plain.CopyTo(room[used..]);
            used += plain.Length;
            if (next < 0)
                return halves && HasLoneHalf(room[..used]) ? -1 : used;
            text = text[(next + 1)..];
            if (text.IsEmpty)
                return -1;
            var digits = text[0] switch { 'u' => 4, 'U' => 8, _ => 0 };
            if (digits == 0)
            {
                var place = "tbnrf\"'\\".IndexOf(text[0], StringComparison.Ordinal);
                if (place < 0 || isIri)
                    return -1;
                room[used++] = "\t\b\n\r\f\"'\\"[place];
                text = text[1..];
                continue;
            }
            if (text.Length <= digits || !uint.TryParse(
                    text.Slice(1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code > 0x10FFFF)
                return -1;
            if (isIri && (code == '\\' || (code < 0x80 && IriEnds.Contains((char)code))))
                return -1;
            if (code < 0x10000)
            {
                // Some writers escape a character beyond the first plane as its two halves.
                halves |= char.IsSurrogate((char)code);
                room[used++] = (char)code;
            }
            else
            {
                used += new Rune(code).EncodeToUtf16(room[used..]);
            }
            text = text[(digits + 1)..];
        }
    }

    private static bool HasLoneHalf(ReadOnlySpan<char> text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
                continue;
            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
                return true;
            at++;
        }
        return false;
    }

    // The characters of the next part of a name: 0 where it is none, -1 where the text ends within it.
    private static int Width(ReadOnlySpan<char> text, NameKind kind, bool isFirst)
    {
        var first = text[0];
        if (char.IsAsciiLetter(first))
            return 1;
        if (char.IsAsciiDigit(first))
            return isFirst && kind == NameKind.Prefix ? 0 : 1;
        switch (first)
        {
            case '_':
                return isFirst && kind == NameKind.Prefix ? 0 : 1;
            case '-':
                return isFirst ? 0 : 1;
            case ':':
                return kind is NameKind.Local or NameKind.BlankInLines ? 1 : 0;
            case '%' when kind == NameKind.Local:
                return text.Length < 3 ? -1 : char.IsAsciiHexDigit(text[1]) && char.IsAsciiHexDigit(text[2]) ? 3 : 0;
            case '\\' when kind == NameKind.Local:
                return text.Length < 2 ? -1 : Reserved.Contains(text[1], StringComparison.Ordinal) ? 2 : 0;
            case < '\x80':
                return 0;
        }
        if (char.IsHighSurrogate(first) && text.Length == 1)
            return -1;
        if (Rune.DecodeFromUtf16(text, out var rune, out var width) != OperationStatus.Done)
            return 0;
        return IsBase(rune.Value) || (!isFirst && rune.Value is 0xB7 or (>= 0x300 and <= 0x36F) or 0x203F or 0x2040) ? width : 0;
    }

    // PN_CHARS_BASE beyond ASCII.
    private static bool IsBase(int code) => code is (>= 0xC0 and <= 0xD6) or (>= 0xD8 and <= 0xF6) or (>= 0xF8 and <= 0x2FF)
        or (>= 0x370 and <= 0x37D) or (>= 0x37F and <= 0x1FFF) or 0x200C or 0x200D or (>= 0x2070 and <= 0x218F)
        or (>= 0x2C00 and <= 0x2FEF) or (>= 0x3001 and <= 0xD7FF) or (>= 0xF900 and <= 0xFDCF) or (>= 0xFDF0 and <= 0xFFFD)
        or (>= 0x10000 and <= 0xEFFFF);
}
