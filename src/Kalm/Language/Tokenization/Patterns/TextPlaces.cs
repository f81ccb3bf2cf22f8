using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>Tells the places between the characters of a text.</summary>
internal static class TextPlaces
{
    /// <summary>Whether <paramref name="position"/> is such a place. A line feed alone ends a line, and a line feed that ends the text is
    /// followed by no further line's beginning.</summary>
    public static bool Is(Anchor anchor, ReadOnlySpan<char> text, int position) => anchor switch
    {
        Anchor.LineStart => position == 0 || (text[position - 1] == '\n' && position < text.Length),
        Anchor.LineEnd => position == text.Length || text[position] == '\n',
        Anchor.TextStart => position == 0,
        Anchor.TextEnd => position == text.Length,
        Anchor.LastLineEnd => position == text.Length || (position == text.Length - 1 && text[position] == '\n'),
        Anchor.WordBoundary => IsWordBoundary(text, position),
        _ => !IsWordBoundary(text, position),
    };

    private static bool IsWordBoundary(ReadOnlySpan<char> text, int position)
    {
        var before = position > 0 && Rune.DecodeLastFromUtf16(text[..position], out var left, out _) == System.Buffers.OperationStatus.Done
            && NamedSets.WordAlone.Contains(left);
        var after = Rune.DecodeFromUtf16(text[position..], out var right, out _) == System.Buffers.OperationStatus.Done
            && NamedSets.WordAlone.Contains(right);
        return before != after;
    }
}
