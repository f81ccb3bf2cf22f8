using System.Text.RegularExpressions;

namespace Kalm.Tests.Language.Generation.Grammar;

/// <summary>Regular expressions of the supported kinds, drawn, and what .NET says of texts and them.</summary>
internal sealed class RandomPattern(Random random)
{
    private static readonly string[] Atoms = ["a", "b", "1", "\\d", "\\w", "\\W", "\\D", ".", "[ab]", "[^a]", "[^\\d\\n\"]", "[a-c1-3_-]",
        "\\\\", "\"", "\\n", "\\u0061", "\\x62", "é", "ab", "\\.", "[\\s\\S]", "[é-ü]"];

    private static readonly (string Ours, string Theirs)[] Others = [("$", "\\z"), ("[^\\d", "[^0-9"), ("\\d", "[0-9]"), ("\\D", "[^0-9]"),
        ("\\w", "[A-Za-z0-9_]"), ("\\W", "[^A-Za-z0-9_]")];

    private static readonly string[] Counts = ["", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{2,3}?", "*?", "+?"];

    /// <summary>An expression, anchored or not.</summary>
    public string Next()
    {
        var (start, end) = (random.Next(3) > 0, random.Next(3) > 0);
        return string.Join('|', Enumerable.Range(0, random.Next(5) == 0 ? 2 : 1).Select(
            _ => $"{(start ? "^" : "")}{Sequence(2)}{(end ? "$" : "")}"));
    }

    /// <summary>A text of characters that the expressions speak of.</summary>
    public string Text() => string.Concat(Enumerable.Range(0, random.Next(7)).Select(
        _ => new[] { "a", "a", "b", "c", "1", "1", "2", "_", "-", ".", "\\", "\"", "\n", " ", "é", "😀", "\u0001" }[random.Next(17)]));

    /// <summary>Whether .NET finds an expression in a text. It counts in UTF-16, where no character that is drawn is of two units; its
    /// <c>$</c> stands before a last line break as well; its classes hold more than ASCII unless it follows ECMAScript, which it does by
    /// backtracking without measure.</summary>
    public static bool IsMatch(string text, string pattern) => Regex.IsMatch(
        string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp ? rune.ToString() : "\uE000")),
        Others.Aggregate(pattern, (spelled, other) => spelled.Replace(other.Ours, other.Theirs, StringComparison.Ordinal)),
        RegexOptions.NonBacktracking);

    private string Sequence(int depth) => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(
        _ => Atom(depth) + Counts[random.Next(Counts.Length)]));

    private string Atom(int depth)
    {
        if (depth == 0 || random.Next(4) > 0)
            return Atoms[random.Next(Atoms.Length)];
        var open = new[] { "(", "(?:", "(?<name>" }[random.Next(3)];
        return $"{open}{Sequence(depth - 1)}{(random.Next(2) == 0 ? $"|{Sequence(depth - 1)}" : "")}{(random.Next(6) == 0 ? "|" : "")})";
    }
}
