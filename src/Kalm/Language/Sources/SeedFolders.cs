using System.Globalization;

namespace Kalm.Language.Sources;

/// <summary>The runs of a folder that differ by their seed alone: <c>seed-1</c>, <c>seed-2</c> and so on, each a run.</summary>
public static class SeedFolders
{
    private const string Prefix = "seed-";

    /// <summary>The name of a seed's folder.</summary>
    public static string NameOf(long seed) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{seed}");

    /// <summary>The seeds whose runs a folder holds, in their order; none of a folder that is a run itself or is not there.</summary>
    public static IReadOnlyList<long> In(string folder)
    {
        if (!Directory.Exists(folder) || IsRun(folder))
            return [];
        return [.. Directory.EnumerateDirectories(folder, Prefix + "*").Where(IsRun).Select(SeedOf).OfType<long>().Order()];
    }

    /// <summary>Refuses a folder of several runs where one is asked for.</summary>
    /// <exception cref="KalmException">It is one.</exception>
    public static void RequireNone(string folder)
    {
        if (In(folder) is { Count: > 0 } seeds)
            throw new KalmException(
                $"{folder}: holds {Counted(seeds)}; expected one run: name it, as {Path.Combine(folder, NameOf(seeds[0]))}");
    }

    /// <summary>How many they are, in words.</summary>
    public static string Counted(IReadOnlyList<long> seeds) => seeds is [_] ? "1 seed" : $"{seeds.Count:N0} seeds";

    private static bool IsRun(string folder) => File.Exists(Path.Combine(folder, ModelSources.RunFile));

    private static long? SeedOf(string folder) => long.TryParse(Path.GetFileName(folder)[Prefix.Length..], NumberStyles.AllowLeadingSign,
        CultureInfo.InvariantCulture, out var seed) ? seed : null;
}
