using System.Text;
using Kalm.Files;

namespace Kalm.Language.Sources.Pickled;

/// <summary>The archive of <c>torch.save</c>: in one folder the pickle <c>data.pkl</c>, the order of bytes, and the numbers of each
/// storage.</summary>
internal sealed class PickledArchive
{
    private const string PickleName = "data.pkl";
    private const string TorchScriptName = "constants.pkl";

    private readonly MappedFile file;
    private readonly Dictionary<string, ZipEntry> entries;
    private readonly string folder;

    private PickledArchive(MappedFile file)
    {
        this.file = file;
        entries = ZipDirectory.Read(file);
        var pickles = entries.Keys.Where(IsPickle).ToList();
        if (pickles.Count != 1)
            throw new KalmException($"{Path}: found {pickles.Count} entries {PickleName} among {entries.Count}, expected one: "
                + "is it an archive of torch.save?");
        folder = pickles[0][..^PickleName.Length];
        if (entries.ContainsKey(folder + TorchScriptName))
            throw new KalmException($"{Path}: found a program of TorchScript, which is not run; expected weights that torch.save wrote: "
                + PickleGlobals.WayOut);
        if (entries.TryGetValue(folder + "byteorder", out var entry) && !Bytes(entry, 16).SequenceEqual("little"u8))
            throw new KalmException($"{Path}: byteorder: found {FileFault.Quote(Encoding.Latin1.GetString(Bytes(entry, 16)))}, "
                + $"expected 'little'; {PickleGlobals.WayOut}");
    }

    /// <summary>The file, for messages.</summary>
    public string Path => file.Path;

    /// <summary>How many bytes the file has.</summary>
    public long Length => file.Length;

    /// <summary>Opens the archive in <paramref name="file"/>.</summary>
    /// <exception cref="KalmException">It is something else, or not sound.</exception>
    public static PickledArchive Open(MappedFile file)
    {
        var start = file.Bytes(0, (int)Math.Min(file.Length, LfsPointer.LongestPointer + 1));
        if (LfsPointer.IsPointer(start))
            throw new KalmException($"{file.Path}: {LfsPointer.Advice}");
        if (start.StartsWith("PK\x03\x04"u8))
            return new PickledArchive(file);
        // The number with which torch.save began before it wrote archives, as a pickle.
        ReadOnlySpan<byte> legacy = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];
        if (start.Length >= 2 && start[0] == 0x80 && start[2..].StartsWith(legacy))
            throw new KalmException($"{file.Path}: found the format of torch.save before PyTorch 1.6, which is not read; "
                + $"expected that of later ones: {PickleGlobals.WayOut}");
        throw new KalmException($"{file.Path}: found {Found(file.Length, start)}, expected the ZIP archive that torch.save writes");
    }

    /// <summary>The value that the pickle describes.</summary>
    public object? ReadPickle()
    {
        var entry = entries[folder + PickleName];
        return entry.Length <= PickleReader.LongestPickle ? PickleReader.Read(file.Bytes(entry.Begin, (int)entry.Length), Path, Length)
            : throw new KalmException($"{Path}: found a pickle of {entry.Length} bytes, expected at most {PickleReader.LongestPickle}");
    }

    /// <summary>Where the numbers of a storage lie; null when there is no such entry.</summary>
    public ZipEntry? Storage(string key) => entries.TryGetValue($"{folder}data/{key}", out var entry) ? entry : null;

    private static bool IsPickle(string name) => name.EndsWith("/" + PickleName, StringComparison.Ordinal)
        && name.IndexOf('/', StringComparison.Ordinal) == name.Length - PickleName.Length - 1;

    private static string Found(long length, ReadOnlySpan<byte> start) => length == 0 ? "an empty file"
        : start[0] == 0x80 ? "a pickle without its archive"
        : $"a file that begins with {FileFault.Quote(Encoding.Latin1.GetString(start[..Math.Min(8, start.Length)]))}";

    private ReadOnlySpan<byte> Bytes(ZipEntry entry, int most) => file.Bytes(entry.Begin, (int)Math.Min(entry.Length, most));
}
