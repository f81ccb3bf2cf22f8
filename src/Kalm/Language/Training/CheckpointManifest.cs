using System.Security.Cryptography;
using Kalm.Files;

namespace Kalm.Language.Training;

/// <summary>The seal of a checkpoint: which files it holds, how long they are and what they hash to, and which run it belongs to. It is
/// written last, so a checkpoint without one is torn.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Files">Every other file of the folder.</param>
public sealed record CheckpointManifest(string Run, IReadOnlyDictionary<string, CheckpointManifest.Entry> Files)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "manifest.json";

    /// <summary>What identifies a file's content.</summary>
    /// <param name="Bytes">Its length.</param>
    /// <param name="Sha256">Its SHA-256 in hexadecimal.</param>
    public sealed record Entry(long Bytes, string Sha256);

    /// <summary>Seals a folder that is otherwise complete.</summary>
    public static void Seal(string folder, string run) => Json.Write(
        Path.Combine(folder, FileName),
        new CheckpointManifest(run, FilesOf(folder).ToDictionary(name => name, name => Describe(Path.Combine(folder, name)))));

    /// <summary>Checks that a folder is exactly what was sealed, by this run.</summary>
    /// <exception cref="KalmException">A file is missing, added or altered, the seal is missing or damaged, or another run's.</exception>
    public static void Verify(string folder, string run)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new KalmException($"{path}: missing; the checkpoint was not finished");
        var manifest = Json.Read<CheckpointManifest>(path);
        if (manifest.Run is null || manifest.Files is null)
            throw new KalmException($"{path}: found no run or no files; expected both");
        // What parses the same need not be the same file: the last line break may be gone.
        if (File.ReadAllText(path) != Json.Text(manifest))
            throw new KalmException($"{path}: is not as it was written");
        if (manifest.Run != run)
            throw new KalmException($"{path}: belongs to run {manifest.Run}; expected {run}");
        var found = FilesOf(folder).ToHashSet();
        foreach (var name in found.Except(manifest.Files.Keys))
            throw new KalmException($"{Path.Combine(folder, name)}: is not in the checkpoint's manifest");
        foreach (var (name, expected) in manifest.Files)
        {
            var file = Path.Combine(folder, name);
            if (!found.Contains(name))
                throw new KalmException($"{file}: missing; the manifest lists it");
            if (Describe(file) is var actual && actual != expected)
                throw new KalmException(
                    $"{file}: found {actual.Bytes} bytes with SHA-256 {actual.Sha256[..12]}…; expected {expected.Bytes} bytes "
                        + $"with {expected.Sha256}");
        }
    }

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))
            .Where(name => name != FileName).Order(StringComparer.Ordinal);

    private static Entry Describe(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return new Entry(stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "read the file", error);
        }
    }
}
