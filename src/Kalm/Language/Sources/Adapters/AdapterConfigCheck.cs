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
        const string Rank = "a positive whole number", Alpha = "a finite number";
        Hold("r", config.Rank, config.Rank > 0, Rank);
        Hold("lora_alpha", config.Alpha, double.IsFinite(config.Alpha), Alpha);
        Hold("lora_dropout", config.Dropout, config.Dropout >= 0 && config.Dropout < 1, "a number from 0 to below 1");
        if (Math.Max(config.RankPattern.Count, config.AlphaPattern.Count) is > MostKeys and var count)
            throw Fault("rank_pattern, alpha_pattern", $"{count} keys", $"at most {MostKeys}");
        foreach (var (key, rank) in config.RankPattern)
            Hold($"rank_pattern.{key}", rank, rank > 0, Rank);
        foreach (var (key, alpha) in config.AlphaPattern)
            Hold($"alpha_pattern.{key}", alpha, double.IsFinite(alpha), Alpha);
        RequirePatterns(
            "rank_pattern, alpha_pattern",
            config.RankPattern.Select(pair => pair.Key).Concat(config.AlphaPattern.Select(pair => pair.Key)));
        RequirePatterns("target_modules", [config.TargetPattern ?? ""]);
        RequirePatterns("exclude_modules", [config.ExcludedPattern ?? ""]);
        RequirePatterns("layers_pattern", config.LayersPattern);
        RequireNames("target_modules", config.TargetModules);
        RequireNames("exclude_modules", config.ExcludedModules);
        RequireNames("modules_to_save", config.ModulesToSave);
        if (config.Layers is { } layers && (config.TargetPattern is not null || layers.Count == 0 || layers.Any(layer => layer < 0)))
            throw Fault("layers_to_transform", $"[{string.Join(", ", layers)}]", "layers from 0, with target_modules as a list");
        if (config is { HasUpBias: true, Decomposed: true })
            throw Fault("lora_bias", "true", "false where use_dora is true");

        void RequirePatterns(string key, IEnumerable<string> all)
        {
            var patterns = all.Where(pattern => pattern.Length > 0 && !AdapterPattern.IsPlain(pattern)).ToList();
            if (patterns.Sum(pattern => (long)pattern.Length) is > MostPatternLetters and var letters)
                throw Fault(key, $"regular expressions of {letters} characters together", $"at most {MostPatternLetters}");
            foreach (var pattern in patterns)
                if (!AdapterPattern.IsValid(pattern))
                    throw Fault(
                        key, FileFault.Quote(pattern),
                        $"names or regular expressions of at most {AdapterPattern.LongestPattern} characters");
        }

        void RequireNames(string key, IReadOnlyList<string> names)
        {
            if (names.Any(string.IsNullOrEmpty))
                throw Fault(key, "an empty name", "module names");
        }

        void Hold(string key, object found, bool holds, string expected)
        {
            if (!holds)
                throw Fault(key, found, expected);
        }

        KalmException Fault(string key, object found, string expected) =>
            new($"{path}: {FileFault.Plain(key)}: found {found}, expected {expected}");
    }
}
