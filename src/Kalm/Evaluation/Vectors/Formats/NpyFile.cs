using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Kalm.Files;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>Writes an array as NumPy's .npy file, version 1.0: little-endian F32 in C order, its data aligned to 64 bytes.</summary>
internal static class NpyFile
{
    private const int Alignment = 64;
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8, 1, 0];

    /// <summary>Writes [rows, width].</summary>
    public static void Write(string path, ExportTable table) => AtomicFile.Write(path, stream =>
    {
        stream.Write(Header(table.Count, table.Vectors.Width));
        table.WriteVectors(stream);
    });

    private static byte[] Header(int rows, int width)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        var start = Magic.Length + sizeof(ushort);
        // Spaces and the new line that ends the header fill it up.
        var length = (start + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var header = new byte[length];
        Magic.CopyTo(header, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(Magic.Length), (ushort)(length - start));
        Encoding.ASCII.GetBytes(text.PadRight(length - start - 1) + "\n", header.AsSpan(start));
        return header;
    }
}
