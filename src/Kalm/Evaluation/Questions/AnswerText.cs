using System.Text;

namespace Kalm.Evaluation.Questions;

/// <summary>How answers in words are compared with names.</summary>
public static class AnswerText
{
    private static readonly HashSet<string> Articles = ["a", "an", "the"];

    /// <summary>The first line without case, articles, punctuation and repeated spaces (as for SQuAD, arXiv 1606.05250).</summary>
    public static string Normalise(string text)
    {
        var line = text.Trim().Split('\n')[0];
        var letters = new StringBuilder(line.Length);
        foreach (var rune in line.EnumerateRunes())
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark)
                letters.Append(Rune.ToLowerInvariant(rune).ToString());
            else
                letters.Append(' ');
        var words = letters.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var kept = words.Where(word => !Articles.Contains(word)).ToArray();
        return string.Join(' ', kept.Length == 0 ? words : kept);
    }
}

/// <summary>Finds which of some names an answer gives.</summary>
public sealed class NameLinker
{
    private readonly HashSet<string> names;
    private readonly int longest;

    /// <summary>Collects names.</summary>
    public NameLinker(IEnumerable<string> names)
    {
        this.names = [.. names.Select(AnswerText.Normalise)];
        longest = this.names.Count == 0 ? 0 : this.names.Max(name => name.Count(letter => letter == ' ') + 1);
    }

    /// <summary>The longest name that the answer begins with, normalised; else the longest one in its first line, the first of equals; null
    /// when there is none.</summary>
    public string? Link(string answer)
    {
        var words = AnswerText.Normalise(answer).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string? best = null;
        for (var start = 0; start < words.Length; start++)
        {
            for (var length = Math.Min(longest, words.Length - start); length > 0; length--)
            {
                var name = string.Join(' ', words, start, length);
                if (name.Length > (best?.Length ?? 0) && names.Contains(name))
                    best = name;
            }
            if (start == 0 && best is not null)
                return best;
        }
        return best;
    }
}
