namespace Kalm.Benchmarks;

/// <summary>The most memory that the process held since the last reset, as Linux counts it.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status";
    private const string Reset = "/proc/self/clear_refs";

    /// <summary>Runs an action.</summary>
    /// <returns>The highest resident size meanwhile, in MiB; null where the system does not tell.</returns>
    public static double? During(Action action)
    {
        var canReset = TryReset();
        action();
        if (!canReset)
            return null;
        var line = File.ReadLines(Status).First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;
    }

    private static bool TryReset()
    {
        try
        {
            // 5 sets the peak back to the present size (proc_pid_clear_refs(5)).
            File.WriteAllText(Reset, "5");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
