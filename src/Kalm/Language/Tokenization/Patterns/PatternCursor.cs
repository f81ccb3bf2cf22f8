using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A place in a pattern that is being read.</summary>
internal sealed class PatternCursor(string pattern)
{
    /// <summary>How many UTF-16 units have been read.</summary>
    public int Position { get; private set; }

    /// <summary>Whether all has been read.</summary>
    public bool AtEnd => Position == pattern.Length;

    /// <summary>The next unit.</summary>
    public char Next => pattern[Position];

    /// <summary>Whether <paramref name="text"/> comes next.</summary>
    public bool Follows(string text) => pattern.AsSpan(Position).StartsWith(text, StringComparison.Ordinal);

    /// <summary>Reads <paramref name="text"/> if it comes next.</summary>
    public bool TryTake(string text)
    {
        if (!Follows(text))
            return false;
        Position += text.Length;
        return true;
    }

    /// <summary>Reads one character.</summary>
    public int TakeRune()
    {
        if (AtEnd)
            throw Fault("the pattern ends too early");
        var rune = Rune.TryGetRuneAt(pattern, Position, out var found) ? found : throw Fault("half a surrogate pair");
        Position += rune.Utf16SequenceLength;
        return rune.Value;
    }

    /// <summary>Reads as many units.</summary>
    public string Take(int length)
    {
        if (Position + length > pattern.Length)
            throw Fault("an escape is cut off");
        Position += length;
        return pattern[(Position - length)..Position];
    }

    /// <summary>Reads up to <paramref name="end"/> and past it.</summary>
    public string TakeUntil(string end)
    {
        var length = pattern.AsSpan(Position).IndexOf(end, StringComparison.Ordinal);
        if (length < 0)
            throw Fault($"'{end}' is missing");
        var text = Take(length);
        Position += end.Length;
        return text;
    }

    /// <summary>Goes back to a place that was read before.</summary>
    public void Return(int position) => Position = position;

    /// <summary>An error at this place.</summary>
    public KalmException Fault(string message) => new($"{message} (character {Position} of the pattern)");
}
