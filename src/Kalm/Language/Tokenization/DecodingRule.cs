using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>How tokens become text again: each gives bytes, which together are UTF-8, and some characters may be cut off the beginning.
/// The default is byte-level.</summary>
internal sealed record DecodingRule
{
    /// <summary>Whether the letters of a piece spell bytes.</summary>
    public bool SpellsBytes { get; init; } = true;

    /// <summary>Whether <c>&lt;0x0A&gt;</c> stands for a byte.</summary>
    public bool ReadsByteTokens { get; init; }

    /// <summary>What is replaced within each token.</summary>
    public IReadOnlyList<(string Found, string Replacement)> Replacements { get; init; } = [];

    /// <summary>Left out of a text's first token, wherever it stands there: the mark of a Metaspace decoder.</summary>
    public string? DroppedFromFirst { get; init; }

    /// <summary>The character that is cut off the beginning of the text.</summary>
    public char LeadingCharacter { get; init; } = ' ';

    /// <summary>How many of them are cut off at most.</summary>
    public int LeadingCount { get; init; }

    /// <summary>The bytes of a token: a piece of the model, or an added token.</summary>
    public byte[] BytesOf(string token, bool added, bool first)
    {
        if (SpellsBytes)
            return added ? Encoding.UTF8.GetBytes(token) : ByteAlphabet.Read(token);
        if (ReadsByteTokens && !added && ByteToken.Read(token) is { } value)
            return [value];
        if (first && DroppedFromFirst is not null)
            token = token.Replace(DroppedFromFirst, "", StringComparison.Ordinal);
        var text = token;
        foreach (var (found, replacement) in Replacements)
        {
            text = text.Replace(found, replacement, StringComparison.Ordinal);
            Growth.Check("decoder", token.Length, text.Length);
        }
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>How many characters are cut off the beginning of <paramref name="text"/> when up to <paramref name="most"/> may be.</summary>
    public int CountLeading(ReadOnlySpan<char> text, int most)
    {
        var count = text.IndexOfAnyExcept(LeadingCharacter);
        return Math.Min(count < 0 ? text.Length : count, most);
    }
}
