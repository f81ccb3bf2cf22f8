using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Kalm.Language.Sources.Gguf;

// Blocks of 256 numbers in parts of 16 or 32 with scales of their own.
public static partial class GgufBlocks
{
    private static void FromQ2K(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, least) = (HalfAt(block, 80), HalfAt(block, 82));
        for (var part = 0; part < 16; part++)
        {
            var (half, shift, side) = (part / 8, part % 8 / 2, part % 2);
            var values = Vector128.ShiftRightLogical(Sixteen(block, 16 + (32 * half) + (16 * side)),
                2 * shift) & Vector128.Create((byte)3);
            Put(values, scale * (block[part] & 15), -(least * (block[part] >> 4)), ref to, 16 * part);
        }
    }

    private static void FromQ3K(ReadOnlySpan<byte> block, ref float to)
    {
        var scale = HalfAt(block, 108);
        var scales = block.Slice(96, 12);
        for (var part = 0; part < 16; part++)
        {
            var (half, shift, side) = (part / 8, part % 8 / 2, part % 2);
            var low = Vector128.ShiftRightLogical(Sixteen(block, 32 + (32 * half) + (16 * side)), 2 * shift) & Vector128.Create((byte)3);
            var bit = Vector128.Create((byte)(1 << ((4 * half) + shift)));
            // A bit that is not set takes 4 away.
            var missing = Vector128.Equals(Sixteen(block, 16 * side) & bit, Vector128<byte>.Zero) & Vector128.Create((byte)4);
            var own = ((scales[part % 8] >> (4 * (part / 8))) & 15) | (((scales[8 + (part % 4)] >> (2 * (part / 4))) & 3) << 4);
            Put((low - missing).AsSByte(), scale * (own - 32), ref to, 16 * part);
        }
    }

    private static void FromQ4K(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, least) = (HalfAt(block, 0), HalfAt(block, 2));
        var scales = block.Slice(4, 12);
        for (var pair = 0; pair < 4; pair++)
        {
            var (firstScale, firstLeast) = ScaleAndLeast(scales, 2 * pair);
            var (secondScale, secondLeast) = ScaleAndLeast(scales, (2 * pair) + 1);
            for (var at = 0; at < 32; at += 16)
            {
                var values = Sixteen(block, 16 + (32 * pair) + at);
                Put(Low(values), scale * firstScale, -(least * firstLeast), ref to, (64 * pair) + at);
                Put(High(values), scale * secondScale, -(least * secondLeast), ref to, (64 * pair) + 32 + at);
            }
        }
    }

    private static void FromQ5K(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, least) = (HalfAt(block, 0), HalfAt(block, 2));
        var scales = block.Slice(4, 12);
        for (var pair = 0; pair < 4; pair++)
        {
            var (firstScale, firstLeast) = ScaleAndLeast(scales, 2 * pair);
            var (secondScale, secondLeast) = ScaleAndLeast(scales, (2 * pair) + 1);
            for (var at = 0; at < 32; at += 16)
            {
                var (bits, values) = (Sixteen(block, 16 + at), Sixteen(block, 48 + (32 * pair) + at));
                Put(Low(values) | FifthBit(bits, 2 * pair), scale * firstScale, -(least * firstLeast), ref to, (64 * pair) + at);
                Put(High(values) | FifthBit(bits, (2 * pair) + 1), scale * secondScale, -(least * secondLeast), ref to, (64 * pair) + 32
                    + at);
            }
        }
    }

    /// <summary>16 in each byte whose bit at a place is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> FifthBit(Vector128<byte> bits, int place)
    {
        var bit = Vector128.Create((byte)(1 << place));
        return Vector128.Equals(bits & bit, bit) & Vector128.Create((byte)16);
    }

    private static void FromQ6K(ReadOnlySpan<byte> block, ref float to)
    {
        var scale = HalfAt(block, 208);
        for (var half = 0; half < 2; half++)
            for (var side = 0; side < 2; side++)
            {
                var first = Sixteen(block, (64 * half) + (16 * side));
                var second = Sixteen(block, (64 * half) + 32 + (16 * side));
                var upper = Sixteen(block, 128 + (32 * half) + (16 * side));
                var (at, own) = ((128 * half) + (16 * side), 192 + (8 * half) + side);
                Put(WithUpper(Low(first), upper, 0), scale * (sbyte)block[own], ref to, at);
                Put(WithUpper(Low(second), upper, 2), scale * (sbyte)block[own + 2], ref to, at + 32);
                Put(WithUpper(High(first), upper, 4), scale * (sbyte)block[own + 4], ref to, at + 64);
                Put(WithUpper(High(second), upper, 6), scale * (sbyte)block[own + 6], ref to, at + 96);
            }
    }

    private static Vector128<sbyte> WithUpper(Vector128<byte> low, Vector128<byte> upper, int shift) =>
        ((low | ((Vector128.ShiftRightLogical(upper, shift) & Vector128.Create((byte)3)) << 4)) - Vector128.Create((byte)32)).AsSByte();

    // Eight scales and eight least values of 6 bits in 12 bytes: the first four of each in the lower bits of bytes 0 to 7, whose upper two
    // bits and the halves of bytes 8 to 11 make the others.
    private static (int Scale, int Least) ScaleAndLeast(ReadOnlySpan<byte> packed, int index) => index < 4
        ? (packed[index] & 63, packed[index + 4] & 63)
        : ((packed[index + 4] & 15) | (packed[index - 4] >> 6 << 4), (packed[index + 4] >> 4) | (packed[index] >> 6 << 4));
}
