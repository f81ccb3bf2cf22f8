using System.Text.RegularExpressions;

namespace Kalm.Language.Sources.Adapters;

/// <summary>How PEFT compares the names in an adapter's config with the full name of a module, for example
/// <c>model.layers.0.mlp.gate_proj</c>.</summary>
internal static partial class AdapterPattern
{
    // A pattern from a file may take exponential time; a real one takes microseconds.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether a name equals the module or is what it ends with after a dot.</summary>
    public static bool IsEndOf(string name, string module) => module.EndsWith(name, StringComparison.Ordinal)
        && (module.Length == name.Length || module[^(name.Length + 1)] == '.');

    /// <summary>Whether a key of <c>rank_pattern</c> or <c>alpha_pattern</c> matches: the whole module, or its end after a dot.</summary>
    public static bool MatchesEnd(string key, string module) =>
        // Most keys are plain names, of which there may be one for each module: they need no pattern.
        IsPlain(key) ? IsEndOf(key, module) : IsMatch($@"\A(?:.*\.)?(?:{OfDotNet(key)})\z", key, module);

    /// <summary>Whether a pattern of <c>target_modules</c> or <c>exclude_modules</c> matches the whole module.</summary>
    public static bool MatchesWhole(string pattern, string module) => IsMatch($@"\A(?:{OfDotNet(pattern)})\z", pattern, module);

    /// <summary>The number after the last list of layers in the module's name; null when it has none.</summary>
    /// <param name="layers">What the lists may be called (<c>layers_pattern</c>); empty for anything that stands before a number.</param>
    /// <param name="module">The module's full name.</param>
    public static int? LayerOf(IReadOnlyList<string> layers, string module)
    {
        foreach (var name in layers.Count == 0 ? [@"[^.]*"] : layers)
            if (Match($@"\A.*\.(?:{OfDotNet(name)})\.(?<number>[0-9]+)\.", name, module) is { Success: true } match
                && int.TryParse(match.Groups["number"].ValueSpan, out var layer))
                return layer;
        return null;
    }

    /// <summary>The most characters that a pattern may have; each takes memory to understand.</summary>
    public const int LongestPattern = 4096;

    /// <summary>Whether a key is a name, for which no regular expression is needed.</summary>
    public static bool IsPlain(string key) => PlainName().IsMatch(key);

    /// <summary>Whether a text is a regular expression of bounded length.</summary>
    public static bool IsValid(string pattern)
    {
        if (pattern.Length > LongestPattern)
            return false;
        if (PlainName().IsMatch(pattern))
            return true;
        try
        {
            _ = new Regex(OfDotNet(pattern), RegexOptions.CultureInvariant, Longest);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsMatch(string pattern, string given, string module) => Match(pattern, given, module).Success;

    private static Match Match(string pattern, string given, string module)
    {
        try
        {
            return Regex.Match(module, pattern, RegexOptions.CultureInvariant, Longest);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new KalmException(
                $"the pattern {Files.FileFault.Quote(given)} takes too long on {module}; expected a simpler one", error);
        }
    }

    // Python's spelling of named groups.
    private static string OfDotNet(string pattern) => pattern.Replace("(?P<", "(?<", StringComparison.Ordinal);

    [GeneratedRegex(@"\A[\w.-]+\z")]
    private static partial Regex PlainName();
}
