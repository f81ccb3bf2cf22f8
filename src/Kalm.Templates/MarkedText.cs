namespace Kalm.Templates;

/// <summary>A text of which every character knows where it came from: from the template, or from what somebody said. Python counts
/// characters where .NET counts UTF-16 units; <see cref="Length"/> and <see cref="Slice"/> count as Python does.</summary>
/// <param name="value">The text.</param>
/// <param name="origin">For each UTF-16 unit <see cref="Template"/> or <see cref="Said"/>; null when all is the template's.</param>
public sealed class MarkedText(string value, string? origin = null)
{
    /// <summary>Marks a unit of the template.</summary>
    public const char Template = '-';

    /// <summary>Marks a unit of what somebody said.</summary>
    public const char Said = 'x';

    /// <summary>No text.</summary>
    public static MarkedText Empty { get; } = new("");

    /// <summary>The text.</summary>
    public string Value => value;

    /// <summary>The origin of each unit; null when all is the template's.</summary>
    public string? Origin => origin;

    /// <summary>The number of characters.</summary>
    public int Length => HasSurrogates ? Bounds().Length - 1 : value.Length;

    private bool HasSurrogates => value.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    /// <summary>What somebody said.</summary>
    public static MarkedText OfSaid(string text) => new(text, text.Length == 0 ? null : new string(Said, text.Length));

    /// <summary>Texts one after another.</summary>
    public static MarkedText Concat(params IReadOnlyList<MarkedText> texts) => new(
        string.Concat(texts.Select(text => text.Value)),
        texts.Any(text => text.Origin is not null)
            ? string.Concat(texts.Select(text => text.Origin ?? new string(Template, text.Value.Length))) : null);

    /// <summary>The same origin with other characters, one for one; where their number differs, all is marked if anything was.</summary>
    public MarkedText With(string changed) => new(changed, origin is null ? null
        : changed.Length == origin.Length
        ? origin : new string(origin.Contains(Said, StringComparison.Ordinal) ? Said : Template, changed.Length));

    /// <summary>A part, counted in UTF-16 units.</summary>
    public MarkedText Part(int start, int end) => start == 0 && end == value.Length ? this : new(value[start..end], origin?[start..end]);

    /// <summary>The characters, each a text.</summary>
    public IReadOnlyList<MarkedText> Characters()
    {
        var bounds = Bounds();
        return [.. Enumerable.Range(0, bounds.Length - 1).Select(index => Part(bounds[index], bounds[index + 1]))];
    }

    /// <summary>The characters from one to before another.</summary>
    public MarkedText Slice(int start, int stop)
    {
        if (!HasSurrogates)
            return Part(start, stop);
        var bounds = Bounds();
        return Part(bounds[start], bounds[stop]);
    }

    /// <summary>Some of its characters.</summary>
    public MarkedText Choose(IReadOnlyList<int> indices)
    {
        var bounds = Bounds();
        return Concat([.. indices.Select(index => Part(bounds[index], bounds[index + 1]))]);
    }

    /// <summary>Without the characters at its ends.</summary>
    /// <param name="characters">Those to be taken away; null for blanks.</param>
    /// <param name="left">Whether at the start.</param>
    /// <param name="right">Whether at the end.</param>
    public MarkedText Strip(string? characters, bool left, bool right)
    {
        var (start, end) = (0, value.Length);
        var taken = characters?.ToHashSet();
        while (left && start < end && Matches(value[start]))
            start++;
        while (right && end > start && Matches(value[end - 1]))
            end--;
        return Part(start, end);

        bool Matches(char unit) => taken?.Contains(unit) ?? IsBlank(unit);
    }

    /// <summary>Where another text occurs, from left to right, without overlaps.</summary>
    public IEnumerable<int> Places(string other)
    {
        for (var at = value.IndexOf(other, StringComparison.Ordinal); at >= 0;
            at = value.IndexOf(other, at + other.Length, StringComparison.Ordinal))
            yield return at;
    }

    /// <summary>Whether a character is white space to Python.</summary>
    public static bool IsBlank(char unit) => char.IsWhiteSpace(unit) || unit is >= '\u001C' and <= '\u001F';

    /// <inheritdoc/>
    public override string ToString() => value;

    // Where each character begins, and the end.
    private int[] Bounds()
    {
        var bounds = new List<int>(value.Length + 1);
        for (var at = 0; at < value.Length; at += at + 1 < value.Length && char.IsSurrogatePair(value[at], value[at + 1]) ? 2 : 1)
            bounds.Add(at);
        return [.. bounds, value.Length];
    }
}
