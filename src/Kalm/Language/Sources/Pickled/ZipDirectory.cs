using System.Buffers.Binary;
using System.Text;
using Kalm.Files;

namespace Kalm.Language.Sources.Pickled;

/// <summary>Where the content of one entry of a ZIP archive lies in the file, in bytes.</summary>
internal readonly record struct ZipEntry(long Begin, long Length);

/// <summary>The directory of a ZIP archive whose entries are stored as they are, so that they can be read in place.
/// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 and 4.5.3.</summary>
internal ref struct ZipDirectory
{
    // Two entries for each of the most tensors that are read, and names of a hundred letters.
    private const int MostEntries = 300_000;
    private const int MostBytes = 32 << 20;

    private const int EndBytes = 22;
    private const int LongestComment = ushort.MaxValue;
    private const int LocatorBytes = 20;
    private const int End64Bytes = 56;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;
    private const uint EndMark = 0x06054b50;
    private const uint LocatorMark = 0x07064b50;
    private const uint End64Mark = 0x06064b50;
    private const uint EntryMark = 0x02014b50;
    private const uint LocalMark = 0x04034b50;
    private const ushort Extra64 = 1;

    private readonly MappedFile file;
    private readonly Dictionary<string, ZipEntry> entries = [];
    private ReadOnlySpan<byte> rest;

    private ZipDirectory(MappedFile file) => this.file = file;

    /// <summary>Reads the directory and checks that every entry lies within the file, is not compressed and not encrypted.</summary>
    /// <exception cref="KalmException">The archive is not sound; the message names the entry and the fault.</exception>
    public static Dictionary<string, ZipEntry> Read(MappedFile file)
    {
        var directory = new ZipDirectory(file);
        directory.FindDirectory();
        while (!directory.rest.IsEmpty)
            directory.ReadEntry();
        return directory.entries;
    }

    private void FindDirectory()
    {
        var tailLength = (int)Math.Min(file.Length, EndBytes + LongestComment);
        var tail = file.Bytes(file.Length - tailLength, tailLength);
        var at = tail.Length - EndBytes;
        while (at >= 0 && !(U32(tail, at) == EndMark && U16(tail, at + 20) == tail.Length - at - EndBytes))
            at--;
        if (at < 0)
            throw Fault("has no directory of a ZIP archive at its end; is it cut short?");
        var (length, begin) = ((ulong)U32(tail, at + 12), (ulong)U32(tail, at + 16));
        var end = file.Length - tail.Length + at;
        if (end >= LocatorBytes && file.Bytes(end - LocatorBytes, LocatorBytes) is var locator && U32(locator, 0) == LocatorMark)
        {
            var place = U64(locator, 8);
            if (place > (ulong)Math.Max(0, end - LocatorBytes - End64Bytes))
                throw Fault($"names byte {place} as the end of its directory, but has {file.Length}");
            var end64 = file.Bytes((long)place, End64Bytes);
            if (U32(end64, 0) != End64Mark)
                throw Fault("has no end of a ZIP64 directory where it says");
            (length, begin) = (U64(end64, 40), U64(end64, 48));
        }
        if (begin > (ulong)end || length > (ulong)end - begin)
            throw Fault($"names a directory of {length} bytes at {begin}, but has {file.Length}; is it cut short?");
        if (length > MostBytes)
            throw Fault($"found a directory of {length} bytes, expected at most {MostBytes}");
        rest = file.Bytes((long)begin, (int)length);
    }

    private void ReadEntry()
    {
        if (rest.Length < EntryBytes || U32(rest, 0) != EntryMark)
            throw Fault($"entry {entries.Count} of its directory is not sound");
        var (flags, method) = (U16(rest, 8), U16(rest, 10));
        var (nameLength, extraLength) = (U16(rest, 28), U16(rest, 30));
        var whole = EntryBytes + nameLength + extraLength + U16(rest, 32);
        if (whole > rest.Length)
            throw Fault($"entry {entries.Count} of its directory is cut short");
        var name = Encoding.UTF8.GetString(rest.Slice(EntryBytes, nameLength));
        if ((flags & 1) != 0)
            throw Fault(name, "is encrypted, which is not read");
        if (method != 0)
            throw Fault(name, $"is compressed by method {method}; expected entries stored as they are, as torch.save writes them");
        var (length, begin) = Sizes(name, rest.Slice(EntryBytes + nameLength, extraLength));
        if (!entries.TryAdd(name, Content(name, begin, length)))
            throw Fault(name, "occurs twice");
        if (entries.Count > MostEntries)
            throw Fault($"has more than {MostEntries} entries");
        rest = rest[whole..];
    }

    // A size that 32 bits cannot hold stands in the extra field, in this order.
    private readonly (ulong Length, ulong Begin) Sizes(string name, ReadOnlySpan<byte> extra)
    {
        var (stored, length, begin) = ((ulong)U32(rest, 20), (ulong)U32(rest, 24), (ulong)U32(rest, 42));
        while (extra.Length >= 4)
        {
            var (kind, size) = (U16(extra, 0), U16(extra, 2));
            if (size > extra.Length - 4)
                break;
            var field = extra.Slice(4, size);
            if (kind == Extra64)
            {
                length = Long(name, length, ref field);
                stored = Long(name, stored, ref field);
                begin = Long(name, begin, ref field);
            }
            extra = extra[(4 + size)..];
        }
        return stored == length ? (length, begin) : throw Fault(name, $"found {stored} bytes stored for {length}, expected as many");
    }

    private readonly ulong Long(string name, ulong value, ref ReadOnlySpan<byte> field)
    {
        if (value != uint.MaxValue)
            return value;
        if (field.Length < 8)
            throw Fault(name, "its ZIP64 field is cut short");
        value = U64(field, 0);
        field = field[8..];
        return value;
    }

    private readonly ZipEntry Content(string name, ulong begin, ulong length)
    {
        var size = (ulong)file.Length;
        if (begin > size || size - begin < LocalBytes || file.Bytes((long)begin, LocalBytes) is var local && U32(local, 0) != LocalMark)
            throw Fault(name, $"has no header at byte {begin}; is the file cut short?");
        var content = begin + LocalBytes + U16(local, 26) + U16(local, 28);
        return content <= size && length <= size - content ? new ZipEntry((long)content, (long)length)
            : throw Fault(name, $"has {length} bytes at {content}, but the file has {size}; is it cut short?");
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private readonly KalmException Fault(string fault) => new($"{file.Path}: {fault}");

    private readonly KalmException Fault(string entry, string fault) => new($"{file.Path}: entry {FileFault.Quote(entry)}: {fault}");
}
