using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Kalm.Language.Sources.Gguf;

// Blocks of 32 numbers: the lower halves of 16 bytes are the first 16, the upper halves the others.
public static partial class GgufBlocks
{
    // The 16 values of IQ4_NL and IQ4_XS.
    private static readonly Vector128<sbyte> ChosenValues =
        Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    // Twice the 16 values of E2M1: a sign, two bits of exponent, one of fraction.
    private static readonly Vector128<sbyte> Halved = Vector128.Create(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

    private static void FromBytes(ReadOnlySpan<byte> bytes, float scale, ref float to)
    {
        for (var at = 0; at < bytes.Length - 15; at += 16)
            Put(Sixteen(bytes, at).AsSByte(), scale, ref to, at);
    }

    private static void FromQ4(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, pairs, middle) = (HalfAt(block, 0), Sixteen(block, 2), Vector128.Create((byte)8));
        Put((Low(pairs) - middle).AsSByte(), scale, ref to, 0);
        Put((High(pairs) - middle).AsSByte(), scale, ref to, 16);
    }

    private static void FromQ4WithMinimum(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, least, pairs) = (HalfAt(block, 0), HalfAt(block, 2), Sixteen(block, 4));
        Put(Low(pairs), scale, least, ref to, 0);
        Put(High(pairs), scale, least, ref to, 16);
    }

    private static void FromQ5(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, bits, pairs, middle) = (HalfAt(block, 0), BinaryPrimitives.ReadUInt32LittleEndian(block[2..]), Sixteen(block, 6),
            Vector128.Create((byte)16));
        Put(((Low(pairs) | FifthBits(bits)) - middle).AsSByte(), scale, ref to, 0);
        Put(((High(pairs) | FifthBits(bits >> 16)) - middle).AsSByte(), scale, ref to, 16);
    }

    private static void FromQ5WithMinimum(ReadOnlySpan<byte> block, ref float to)
    {
        var (scale, least, bits, pairs) = (HalfAt(block, 0), HalfAt(block, 2), BinaryPrimitives.ReadUInt32LittleEndian(block[4..]),
            Sixteen(block, 8));
        Put(Low(pairs) | FifthBits(bits), scale, least, ref to, 0);
        Put(High(pairs) | FifthBits(bits >> 16), scale, least, ref to, 16);
    }

    /// <summary>16 where a bit is set, a byte for each of the lower 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> FifthBits(uint bits)
    {
        var spread = Vector128.Shuffle(Vector128.CreateScalar(bits).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
            1, 1, 1, 1));
        var places = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        return Vector128.Equals(spread & places, places) & Vector128.Create((byte)16);
    }

    private static void FromChoices(ReadOnlySpan<byte> pairs, Vector128<sbyte> values, float scale, ref float to)
    {
        var sixteen = Sixteen(pairs, 0);
        Put(Vector128.Shuffle(values, Low(sixteen).AsSByte()), scale, ref to, 0);
        Put(Vector128.Shuffle(values, High(sixteen).AsSByte()), scale, ref to, 16);
    }

    // Half of 2 ^ (exponent - 127): the values beside it are doubled.
    private static float PowerOfTwo(byte exponent) =>
        BitConverter.UInt32BitsToSingle(exponent < 2 ? 0x00200000u << exponent : (uint)(exponent - 1) << 23);

    private static void FromIq4Xs(ReadOnlySpan<byte> block, ref float to)
    {
        var scale = HalfAt(block, 0);
        var upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (var part = 0; part < 8; part++)
        {
            var own = ((block[4 + (part / 2)] >> (4 * (part % 2))) & 15) | (((upper >> (2 * part)) & 3) << 4);
            FromChoices(block[(8 + (16 * part))..], ChosenValues, scale * (own - 32),
                ref Unsafe.Add(ref to, 32 * part));
        }
    }

    // A byte holds five digits of base 3 as a fraction of 256; multiplied by 3 ^ n, which wraps, the n-th digit comes on top.
    private static void FromTq1(ReadOnlySpan<byte> block, ref float to)
    {
        ReadOnlySpan<byte> powers = [1, 3, 9, 27, 81];
        var scale = HalfAt(block, 52);
        var at = 0;
        Span<float> values = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref to, 256);
        foreach (var (from, length, digits) in ((int, int, int)[])[(0, 32, 5), (32, 16, 5), (48, 4, 4)])
            for (var digit = 0; digit < digits; digit++)
                for (var index = 0; index < length; index++)
                    values[at++] = scale * (((unchecked((byte)(block[from + index] * powers[digit])) * 3) >> 8) - 1);
    }

    private static void FromTq2(ReadOnlySpan<byte> block, ref float to)
    {
        var scale = HalfAt(block, 64);
        for (var half = 0; half < 2; half++)
            for (var part = 0; part < 4; part++)
                for (var at = 0; at < 32; at += 16)
                {
                    var digits = Vector128.ShiftRightLogical(Sixteen(block, (32 * half) + at), 2 * part) & Vector128.Create((byte)3);
                    Put((digits - Vector128<byte>.One).AsSByte(), scale, ref to, (128 * half) + (32 * part) + at);
                }
    }
}
