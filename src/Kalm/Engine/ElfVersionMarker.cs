using System.Buffers.Binary;
using System.Text;

namespace Kalm.Engine;

/// <summary>Makes one symbol-version requirement of an ELF shared object weak, so that the loader accepts a C++ runtime that
/// lacks the version. Safe only for a version no relocation needs: TorchSharp's library asks for <c>GLIBCXX_3.4.32</c> because of a
/// marker symbol alone (<c>_ZSt21ios_base_library_initv</c>).</summary>
/// <remarks>Format: ELF-64 little-endian, section type SHT_GNU_verneed (System V gABI, Linux Standard Base core, "Symbol
/// versioning").</remarks>
public static class ElfVersionMarker
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Sets the weak flag on every requirement named <paramref name="version"/> in <paramref name="image"/>.</summary>
    /// <param name="image">The bytes of a 64-bit little-endian ELF file, changed in place.</param>
    /// <param name="version">The version's name, e.g. <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>The number of records changed; 0 when the file asks for no such version.</returns>
    /// <exception cref="KalmException">The image is not a 64-bit little-endian ELF file or is cut short.</exception>
    public static int MakeWeak(Span<byte> image, string version)
    {
        try
        {
            return MakeWeakUnchecked(image, version);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or OverflowException)
        {
            throw new KalmException("the native library is cut short: a section lies past the end of the file", error);
        }
    }

    private static int MakeWeakUnchecked(Span<byte> image, string version)
    {
        if (image.Length < 64 || !image[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new KalmException("the native library is not a 64-bit little-endian ELF file");
        var sections = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(image[0x28..]));
        int sectionSize = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3a..]);
        int sectionCount = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3c..]);
        var changed = 0;
        for (var index = 0; index < sectionCount; index++)
        {
            var header = image.Slice(sections + index * sectionSize, 64);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != VersionNeedSection)
                continue;
            var link = (int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]);
            var names = image.Slice(sections + link * sectionSize, 64);
            var nameTable = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(names[24..]));
            changed += MakeWeakInSection(image, Offset(header), nameTable, version);
        }
        return changed;

        static int Offset(ReadOnlySpan<byte> header) => checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]));
    }

    private static int MakeWeakInSection(Span<byte> image, int need, int nameTable, string version)
    {
        var changed = 0;
        while (true)
        {
            int records = BinaryPrimitives.ReadUInt16LittleEndian(image[(need + 2)..]);
            var record = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 8)..]);
            for (var index = 0; index < records; index++)
            {
                var name = nameTable + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(record + 8)..]);
                if (NameAt(image, name, version))
                {
                    var flags = BinaryPrimitives.ReadUInt16LittleEndian(image[(record + 4)..]);
                    BinaryPrimitives.WriteUInt16LittleEndian(image[(record + 4)..], (ushort)(flags | WeakFlag));
                    changed++;
                }
                record += (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(record + 12)..]);
            }
            var next = (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 12)..]);
            if (next == 0)
                return changed;
            need += next;
        }
    }

    private static bool NameAt(ReadOnlySpan<byte> image, int offset, string version)
    {
        var expected = Encoding.ASCII.GetBytes(version + "\0");
        return image.Slice(offset, expected.Length).SequenceEqual(expected);
    }
}
