using System.Buffers;
using System.Text;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>A stretch of a text: an added token when <paramref name="TokenId"/> has a value, else plain text.</summary>
internal readonly record struct Segment(ReadOnlyMemory<char> Text, int? TokenId);

/// <summary>Cuts a text at the added tokens in it: the leftmost first, the longest where several begin at one place.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _tokens;
    // How long those with a first character are, the longest first: a vocabulary may have thousands of them.
    private readonly Dictionary<char, int[]> _lengths;
    private readonly SearchValues<string> _contents;

    /// <summary>Prepares the search for <paramref name="tokens"/>, whose contents differ.</summary>
    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        var byContent = tokens.ToDictionary(token => token.Content, StringComparer.Ordinal);
        _tokens = byContent.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = byContent.Keys.GroupBy(content => content[0])
            .ToDictionary(group => group.Key, group => group.Select(content => content.Length).Distinct().OrderDescending().ToArray());
        _contents = SearchValues.Create([.. byContent.Keys], StringComparison.Ordinal);
    }

    /// <summary>The segments of <paramref name="text"/> in order; no plain one is empty.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isAllowed">Whether a token counts at a place; null where all do.</param>
    public IEnumerable<Segment> Split(ReadOnlyMemory<char> text, Func<AddedToken, int, bool>? isAllowed = null)
    {
        var plainStart = 0;
        var position = 0;
        while (Find(text.Span, position, isAllowed) is { } found)
        {
            var start = found.Start;
            var end = position = start + found.Token.Content.Length;
            if (found.Token.SingleWord && TouchesWord(text.Span, start, end))
                continue;
            if (found.Token.StripsLeft)
                start = Math.Max(plainStart, text.Span[..start].TrimEnd().Length);
            // A token that stands in the blanks which this one swallows is found nevertheless, as in Hugging Face tokenizers.
            if (found.Token.StripsRight)
                end = text.Length - text.Span[end..].TrimStart().Length;
            if (start > plainStart)
                yield return new(text[plainStart..start], null);
            // Where both swallow blanks, nothing may be left of the second.
            if (start < end)
                yield return new(text[found.Start..position], found.Token.Id);
            plainStart = end;
        }
        if (plainStart < text.Length)
            yield return new(text[plainStart..], null);
    }

    private (int Start, AddedToken Token)? Find(ReadOnlySpan<char> text, int from, Func<AddedToken, int, bool>? isAllowed)
    {
        for (; _lengths.Count > 0 && from < text.Length; from++)
        {
            var offset = text[from..].IndexOfAny(_contents);
            if (offset < 0)
                return null;
            from += offset;
            foreach (var length in _lengths[text[from]])
                if (length <= text.Length - from && _tokens.TryGetValue(text.Slice(from, length), out var token)
                    && isAllowed?.Invoke(token, from) != false)
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

    private static bool IsWordCharacter(Rune rune) => rune.Value is 0x200C or 0x200D || NamedSets.Word.Contains(rune);
}
