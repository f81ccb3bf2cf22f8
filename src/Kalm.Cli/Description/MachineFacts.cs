using System.Globalization;
using System.Runtime.InteropServices;
using Kalm.Engine;
using Kalm.Language.Execution;

namespace Kalm.Cli.Description;

/// <summary>The machine as kalm sees it.</summary>
/// <param name="Processor">Its name; the architecture's where the system does not tell it.</param>
/// <param name="Cores">Cores that the process may use.</param>
/// <param name="Instructions">Vector instructions that kernels use here.</param>
/// <param name="Memory">Bytes of memory, or what a container is given of it.</param>
/// <param name="FreeMemory">Bytes of it that are free; null where the system does not tell.</param>
/// <param name="System">The operating system.</param>
/// <param name="Architecture">The architecture that the process runs in.</param>
/// <param name="Runtime">The version of .NET.</param>
/// <param name="Folders">The folders that kalm writes to unasked or by default.</param>
internal sealed record MachineFacts(
    string Processor, int Cores, IReadOnlyList<string> Instructions, long Memory, long? FreeMemory, string System, string Architecture,
    string Runtime, IReadOnlyList<FolderFacts> Folders)
{
    /// <summary>Looks at the machine, and writes a small file into each of the folders.</summary>
    public static MachineFacts Here() => new(
        ValueOf("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount, EngineCheck.Instructions, ModelMemory.Available, Free(), RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(), RuntimeInformation.FrameworkDescription,
        [FolderFacts.Of("temporary", Path.GetTempPath()), FolderFacts.Of("current", Environment.CurrentDirectory)]);

    private static long? Free() =>
        ValueOf("/proc/meminfo", "MemAvailable") is { } value
            && long.TryParse(value.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes)
            ? Math.Min(kibibytes << 10, ModelMemory.Available) : null;

    // A line of "name : value", as Linux tells of itself.
    private static string? ValueOf(string file, string name) => !File.Exists(file) ? null : File.ReadLines(file)
        .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();
}

/// <summary>A folder that is written to.</summary>
/// <param name="Use">What it is.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Free">Bytes that its disk has left; null where it has none of its own.</param>
/// <param name="Fault">Why it cannot be written to; null where it can.</param>
internal sealed record FolderFacts(string Use, string Path, long? Free, string? Fault)
{
    /// <summary>Tries a folder.</summary>
    public static FolderFacts Of(string use, string path) => VerbInputs.WhyNotWritten(path) is { } fault
        ? new FolderFacts(use, path, null, fault) : new FolderFacts(use, path, new DriveInfo(path).AvailableFreeSpace, null);
}
