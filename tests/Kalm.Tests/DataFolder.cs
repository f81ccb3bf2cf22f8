namespace Kalm.Tests;

/// <summary>Finds the real data (WN18RR, tokenizer files) that some tests use; they are skipped visibly where it is absent.</summary>
internal static class DataFolder
{
    /// <summary>The path of <paramref name="relative"/> below <c>KALM_DATA</c> (or <c>../shared/data</c> beside the checkout);
    /// the calling test is skipped when it does not exist.</summary>
    public static string Require(string relative)
    {
        if (Find(relative) is { } path)
            return path;
        Assert.Skip($"needs {relative}: set KALM_DATA to the folder that holds it");
        return "";
    }

    /// <summary>The same, and null when it does not exist.</summary>
    public static string? Find(string relative) => Roots().Select(root => Path.Combine(root, relative))
        .FirstOrDefault(path => File.Exists(path) || Directory.Exists(path));

    private static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("KALM_DATA") is { Length: > 0 } configured)
            yield return configured;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kalm.slnx")) && folder.Parent is not null)
                yield return Path.Combine(folder.Parent.FullName, "shared", "data");
    }
}
