namespace Kalm.Language.Sources.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Name">Its path in the repository, with slashes.</param>
/// <param name="Size">Its bytes, where known.</param>
internal sealed record HubFile(string Name, long? Size)
{
    /// <summary>A size for people.</summary>
    public static string Show(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{bytes / 1e9:F2} GB",
        >= 1_000_000 => $"{bytes / 1e6:F1} MB",
        >= 1_000 => $"{bytes / 1e3:F1} kB",
        _ => $"{bytes} bytes",
    };
}
