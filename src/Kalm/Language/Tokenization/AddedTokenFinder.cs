using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>A stretch of a text: an added token when <paramref name="TokenId"/> has a value, else plain text.</summary>
internal readonly record struct Segment(ReadOnlyMemory<char> Text, int? TokenId);

/// <summary>Cuts a text at the added tokens in it: the leftmost first, the longest where several begin at one place.</summary>
internal sealed class AddedTokenFinder
{
    private readonly AddedToken[] _longestFirst;
    private readonly SearchValues<string> _contents;

    /// <summary>Prepares the search for <paramref name="tokens"/>, whose contents differ.</summary>
    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        _longestFirst = [.. tokens.OrderByDescending(token => token.Content.Length)];
        _contents = SearchValues.Create([.. _longestFirst.Select(token => token.Content)], StringComparison.Ordinal);
    }

    /// <summary>The segments of <paramref name="text"/> in order; none is empty.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isAllowed">Whether a token counts at a place; null where all do.</param>
    public IEnumerable<Segment> Split(ReadOnlyMemory<char> text, Func<AddedToken, int, bool>? isAllowed = null)
    {
        var plainStart = 0;
        var position = 0;
        while (Find(text.Span, position, isAllowed) is { } found)
        {
            var end = found.Start + found.Token.Content.Length;
            position = end;
            if (found.Token.SingleWord && TouchesWord(text.Span, found.Start, end))
                continue;

            var start = found.Start;
            if (found.Token.StripsLeft)
                start = plainStart + text.Span[plainStart..start].TrimEnd().Length;
            if (found.Token.StripsRight)
                end = text.Length - text.Span[end..].TrimStart().Length;
            if (start > plainStart)
                yield return new(text[plainStart..start], null);
            yield return new(text[start..end], found.Token.Id);
            plainStart = position = end;
        }
        if (plainStart < text.Length)
            yield return new(text[plainStart..], null);
    }

    private (int Start, AddedToken Token)? Find(ReadOnlySpan<char> text, int from, Func<AddedToken, int, bool>? isAllowed)
    {
        for (; _longestFirst.Length > 0 && from < text.Length; from++)
        {
            var offset = text[from..].IndexOfAny(_contents);
            if (offset < 0)
                return null;
            from += offset;
            foreach (var token in _longestFirst)
                if (text[from..].StartsWith(token.Content, StringComparison.Ordinal) && isAllowed?.Invoke(token, from) != false)
                    return (from, token);
        }
        return null;
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text[..start], out var before, out _);
        Rune.DecodeFromUtf16(text[end..], out var after, out _);
        return (start > 0 && IsWordCharacter(before)) || (end < text.Length && IsWordCharacter(after));
    }

    private static bool IsWordCharacter(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
