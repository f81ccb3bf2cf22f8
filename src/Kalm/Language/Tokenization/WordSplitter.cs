using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>Cuts a text into GPT-2's words by hand, which is several times faster than by the pattern.</summary>
internal static class WordSplitter
{
    private enum Kind : byte { Other, Letter, Number, Space }

    private static readonly Kind[] AsciiKinds = [.. Enumerable.Range(0, 128).Select(value => Classify(new Rune(value)))];

    /// <summary>The length, in UTF-16 units and at least 1, of the word that a text (not empty) begins with. GPT-2's words are
    /// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, where <c>\s</c> is Unicode's
    /// White_Space.</summary>
    public static int Gpt2(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && ContractionLength(text) is > 0 and var contraction)
            return contraction;

        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var kind = KindAt(text, start, out _);
        if (kind != Kind.Space)
            return RunEnd(text, start, kind);

        // Before a word, the last blank of several is left to it: it may be the space that the word begins with. All blanks are one unit
        // long.
        var end = RunEnd(text, 0, Kind.Space);
        return end == text.Length || end == 1 ? end : end - 1;
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
            return 0;
        if (text[1] is 's' or 't' or 'm' or 'd')
            return 2;
        return text.Length > 2 && (text[1], text[2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int RunEnd(ReadOnlySpan<char> text, int start, Kind kind)
    {
        var end = start;
        while (end < text.Length && KindAt(text, end, out var length) == kind)
            end += length;
        return end;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int position, out int length)
    {
        var unit = text[position];
        if (unit < 128)
        {
            length = 1;
            return AsciiKinds[unit];
        }
        Rune.DecodeFromUtf16(text[position..], out var rune, out length);
        return Classify(rune);
    }

    private static Kind Classify(Rune rune)
    {
        // IsWhiteSpace is Unicode's White_Space, which counts tab to carriage return and U+0085 among the blanks.
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
