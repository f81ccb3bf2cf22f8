using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>The ranges of the values of an <see cref="AdapterConfig"/>.</summary>
internal static class AdapterConfigCheck
{
    // Every module of the largest models may have a key of its own.
    private const int MostKeys = 4096;

    // A regular expression takes some hundred bytes for each of its own.
    private const int MostPatternLetters = 1 << 17;

    /// <summary>Checks that the values are in range.</summary>
    /// <exception cref="KalmException">One is not; the message names its key in the file <paramref name="path"/>.</exception>
    public static void Require(AdapterConfig config, string path)
    {
        Positive("r", config.Rank, config.Rank > 0, "a positive whole number");
        Positive("lora_alpha", config.Alpha, IsStrength(config.Alpha), "a positive number");
        if (!(config.Dropout >= 0 && config.Dropout < 1))
            throw Fault("lora_dropout", config.Dropout, "a number from 0 to below 1");
        if (Math.Max(config.RankPattern.Count, config.AlphaPattern.Count) is > MostKeys and var count)
            throw Fault("rank_pattern, alpha_pattern", $"{count} keys", $"at most {MostKeys}");
        foreach (var (key, rank) in config.RankPattern)
            Positive($"rank_pattern.{key}", rank, rank > 0, "a positive whole number");
        foreach (var (key, alpha) in config.AlphaPattern)
            Positive($"alpha_pattern.{key}", alpha, IsStrength(alpha), "a positive number");
        var patterns = config.RankPattern.Select(pair => pair.Key).Concat(config.AlphaPattern.Select(pair => pair.Key)).Where(key => !AdapterPattern.IsPlain(key)).ToList();
        if (patterns.Sum(key => (long)key.Length) is > MostPatternLetters and var letters)
            throw Fault("rank_pattern, alpha_pattern", $"regular expressions of {letters} characters together", $"at most {MostPatternLetters}");
        foreach (var key in patterns)
            if (!AdapterPattern.IsValid(key))
                throw Fault("rank_pattern, alpha_pattern", FileFault.Quote(key), $"names or regular expressions of at most {AdapterPattern.LongestPattern} characters");
        if (config.TargetPattern is { } pattern && !AdapterPattern.IsValid(pattern))
            throw Fault("target_modules", FileFault.Quote(pattern), $"a regular expression of at most {AdapterPattern.LongestPattern} characters");
        if (config.TargetPattern is null && (config.TargetModules.Count == 0 || config.TargetModules.Any(string.IsNullOrEmpty)))
            throw Fault("target_modules", "an empty list or name", "at least one module name");
        if (config.ModulesToSave.Any(string.IsNullOrEmpty))
            throw Fault("modules_to_save", "an empty name", "module names");
        if (config.Layers is { } layers && (config.TargetPattern is not null || layers.Count == 0 || layers.Any(layer => layer < 0)))
            throw Fault("layers_to_transform", $"[{string.Join(", ", layers)}]", "layers from 0, with target_modules as a list");

        void Positive(string key, object found, bool holds, string expected)
        {
            if (!holds)
                throw Fault(key, found, expected);
        }

        KalmException Fault(string key, object found, string expected) => new($"{path}: {key}: found {found}, expected {expected}");
    }

    private static bool IsStrength(double alpha) => alpha > 0 && double.IsFinite(alpha);
}
