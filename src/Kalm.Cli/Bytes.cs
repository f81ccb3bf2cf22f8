namespace Kalm.Cli;

/// <summary>Sizes in words.</summary>
internal static class Bytes
{
    /// <summary>A number of bytes in GB, MB or kB, of a thousand each.</summary>
    public static string Of(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{bytes / 1e9:F1} GB",
        >= 1_000_000 => $"{bytes / 1e6:F1} MB",
        _ => $"{bytes / 1e3:F1} kB",
    };
}
