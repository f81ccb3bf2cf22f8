using System.Text.RegularExpressions;

namespace Kalm.Templates;

/// <summary>What Python does with texts, for filters and methods alike.</summary>
internal static partial class TemplateTexts
{
    private const int Rounds = int.MaxValue;

    /// <summary>All letters small.</summary>
    public static MarkedText Lower(MarkedText text) => text.With(text.Value.ToLowerInvariant());

    /// <summary>All letters capital.</summary>
    public static MarkedText Upper(MarkedText text) => text.With(text.Value.ToUpperInvariant());

    /// <summary>The first letter capital, all others small.</summary>
    public static MarkedText Capitalize(MarkedText text) =>
        text.Value.Length == 0 ? text : text.With(text.Value[..1].ToUpperInvariant() + text.Value[1..].ToLowerInvariant());

    /// <summary>The first letter of each word capital, all others small.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isFilter">Whether words are told as the filter does, by blanks, hyphens and opening brackets, or as the method does, by
    /// all but letters.</param>
    public static MarkedText Title(MarkedText text, bool isFilter) =>
        text.With((isFilter ? FilterWord() : MethodWord()).Replace(
            text.Value, word => word.Value[..1].ToUpperInvariant() + word.Value[1..].ToLowerInvariant()));

    /// <summary>A text with another in the place of its parts.</summary>
    /// <param name="allowance">What it may cost.</param>
    /// <param name="place">Where it is asked for.</param>
    /// <param name="text">The text.</param>
    /// <param name="old">The parts; when empty, the places between characters.</param>
    /// <param name="with">What takes their place.</param>
    /// <param name="most">At most so many parts; negative for all.</param>
    public static MarkedText Replace(
        TemplateAllowance allowance, TemplatePlace place, MarkedText text, string old, MarkedText with, long most)
    {
        var limit = most < 0 ? Rounds : (int)Math.Min(most, Rounds);
        var parts = new List<MarkedText>();
        var from = 0;
        allowance.Search(place, text.Value.Length, old.Length);
        var places = old.Length > 0 ? text.Places(old) : Between(text);
        long length = text.Value.Length;
        foreach (var at in places.Take(limit))
        {
            allowance.Text(place, length += with.Value.Length - old.Length);
            parts.Add(text.Part(from, at));
            parts.Add(with);
            from = at + old.Length;
        }
        parts.Add(text.Part(from, text.Value.Length));
        allowance.Text(place, length);
        return MarkedText.Concat(parts);
    }

    /// <summary>The parts between separators.</summary>
    /// <param name="allowance">What it may cost.</param>
    /// <param name="place">Where it is asked for.</param>
    /// <param name="text">The text.</param>
    /// <param name="separator">What parts them; null for any blanks, and then no part is empty.</param>
    /// <param name="most">At most so many separators count; negative for all.</param>
    /// <param name="fromRight">Whether they are counted from the right.</param>
    public static TemplateList Split(
        TemplateAllowance allowance, TemplatePlace place, MarkedText text, string? separator, long most, bool fromRight)
    {
        if (separator is { Length: 0 })
            throw new TemplateException(place, "found an empty separator; expected one of a character or more");
        allowance.Search(place, text.Value.Length, separator?.Length ?? 0);
        var limit = most < 0 ? Rounds : (int)Math.Min(most, Rounds);
        var (cuts, value) = (new List<(int Start, int End)>(), text.Value);
        if (separator is not null && fromRight)
            for (var at = value.LastIndexOf(separator, StringComparison.Ordinal); at >= 0 && cuts.Count < limit;)
            {
                cuts.Add((at, at + separator.Length));
                at = at < separator.Length ? -1 : value.LastIndexOf(separator, at - 1, StringComparison.Ordinal);
            }
        else if (separator is not null)
            cuts.AddRange(text.Places(separator).Take(limit).Select(at => (at, at + separator.Length)));
        else
        {
            // Blanks at the ends part nothing.
            text = text.Strip(null, left: true, right: true);
            if (text.Value.Length == 0)
                return new TemplateList([]);
            var blanks = Blanks().Matches(text.Value).Select(match => (match.Index, match.Index + match.Length));
            cuts.AddRange((fromRight ? blanks.Reverse() : blanks).Take(limit));
        }
        if (fromRight)
            cuts.Reverse();
        allowance.List(place, cuts.Count);
        var (parts, from) = (new List<object>(), 0);
        foreach (var (start, end) in cuts)
        {
            parts.Add(text.Part(from, start));
            from = end;
        }
        parts.Add(text.Part(from, text.Value.Length));
        return new TemplateList(parts);
    }

    /// <summary>The lines of a text.</summary>
    public static TemplateList Lines(TemplateAllowance allowance, TemplatePlace place, MarkedText text, bool keepEnds)
    {
        allowance.Text(place, text.Value.Length);
        var (lines, from) = (new List<object>(), 0);
        foreach (Match end in LineEnd().Matches(text.Value))
        {
            lines.Add(text.Part(from, keepEnds ? end.Index + end.Length : end.Index));
            from = end.Index + end.Length;
        }
        if (from < text.Value.Length)
            lines.Add(text.Part(from, text.Value.Length));
        allowance.List(place, lines.Count);
        return new TemplateList(lines);
    }

    private static IEnumerable<int> Between(MarkedText text)
    {
        var at = 0;
        foreach (var character in text.Characters())
        {
            yield return at;
            at += character.Value.Length;
        }
        yield return at;
    }

    [GeneratedRegex(@"[\s\x1C-\x1F]+")]
    private static partial Regex Blanks();

    [GeneratedRegex("\r\n|[\n\r\v\f\u001C-\u001E\u0085\u2028\u2029]")]
    private static partial Regex LineEnd();

    [GeneratedRegex(@"[^-\s({\[<]+")]
    private static partial Regex FilterWord();

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex MethodWord();
}
