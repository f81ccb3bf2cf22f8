using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Kalm.Language.Execution.Kernels.StoredNumbers;
using static Kalm.Language.Sources.Gguf.GgufBlocks;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Single precision.</summary>
internal readonly struct SingleForm : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        first = Vector512.LoadUnsafe(ref block).AsSingle();
        second = Vector512.LoadUnsafe(ref block, 64).AsSingle();
    }
}

/// <summary>The upper halves of singles.</summary>
internal readonly struct BrainForm : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (low, high) = Vector512.Widen(Vector512.LoadUnsafe(ref block).AsUInt16());
        first = Vector512.ShiftLeft(low, 16).AsSingle();
        second = Vector512.ShiftLeft(high, 16).AsSingle();
    }
}

/// <summary>Half precision.</summary>
internal readonly struct HalfForm : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (low, high) = Vector512.Widen(Vector512.LoadUnsafe(ref block).AsUInt16());
        (first, second) = (Numbers(low), Numbers(high));

        static Vector512<float> Numbers(Vector512<uint> halves)
        {
            var magnitude =
                Vector512.ShiftLeft(halves & Vector512.Create(0x7FFFu), 13).AsSingle() * Vector512.Create(5.192296858534828e33f);
            return (magnitude.AsUInt32() | Vector512.ShiftLeft(halves & Vector512.Create(0x8000u), 16)).AsSingle();
        }
    }
}

/// <summary>Q8_0.</summary>
internal readonly struct Q8Form : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 34;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var scale = Vector512.Create(Half(ref block, 0));
        first = Of(Sixteen(ref block, 2).AsSByte()) * scale;
        second = Of(Sixteen(ref block, 18).AsSByte()) * scale;
    }
}

/// <summary>Q4_0.</summary>
internal readonly struct Q4Form : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 18;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, pairs, middle) = (Vector512.Create(Half(ref block, 0)), Sixteen(ref block, 2), Vector512.Create(8f));
        first = (Of(Low(pairs)) - middle) * scale;
        second = (Of(High(pairs)) - middle) * scale;
    }
}

/// <summary>Q4_1.</summary>
internal readonly struct Q4WithMinimumForm : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 20;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, least) = (Vector512.Create(Half(ref block, 0)), Vector512.Create(Half(ref block, 2)));
        var pairs = Sixteen(ref block, 4);
        first = Vector512.FusedMultiplyAdd(Of(Low(pairs)), scale, least);
        second = Vector512.FusedMultiplyAdd(Of(High(pairs)), scale, least);
    }
}

/// <summary>Q5_0.</summary>
internal readonly struct Q5Form : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 22;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, pairs, middle) = (Vector512.Create(Half(ref block, 0)), Sixteen(ref block, 6), Vector512.Create(16f));
        var bits = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref block, 2));
        first = (Of(Low(pairs) | FifthBits(bits)) - middle) * scale;
        second = (Of(High(pairs) | FifthBits(bits >> 16)) - middle) * scale;
    }
}

/// <summary>Q5_1.</summary>
internal readonly struct Q5WithMinimumForm : IStoredForm
{
    public static int Parts => 1;

    public static int Bytes => 24;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, least) = (Vector512.Create(Half(ref block, 0)), Vector512.Create(Half(ref block, 2)));
        var (bits, pairs) = (Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref block, 4)), Sixteen(ref block, 8));
        first = Vector512.FusedMultiplyAdd(Of(Low(pairs) | FifthBits(bits)), scale, least);
        second = Vector512.FusedMultiplyAdd(Of(High(pairs) | FifthBits(bits >> 16)), scale, least);
    }
}

/// <summary>Q4_K.</summary>
internal readonly struct Q4KForm : IStoredForm
{
    public static int Parts => 8;

    public static int Bytes => 144;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, least) = ScaleAndLeast(ref block, part);
        var at = 16 + (32 * (part / 2));
        var (one, two) = (Sixteen(ref block, at), Sixteen(ref block, at + 16));
        (one, two) = part % 2 == 0 ? (Low(one), Low(two)) : (High(one), High(two));
        first = Vector512.FusedMultiplyAdd(Of(one), scale, least);
        second = Vector512.FusedMultiplyAdd(Of(two), scale, least);
    }

    /// <summary>Scale and negated least value of 32 numbers: eight of 6 bits each in 12 bytes behind the two of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Scale, Vector512<float> Least) ScaleAndLeast(ref byte block, int part)
    {
        int scale, least;
        if (part < 4)
            (scale, least) = (At(ref block, part) & 63, At(ref block, part + 4) & 63);
        else
            (scale, least) = ((At(ref block, part + 4) & 15) | (At(ref block, part - 4) >> 6 << 4),
                (At(ref block, part + 4) >> 4) | (At(ref block, part) >> 6 << 4));
        return (Vector512.Create(Half(ref block, 0) * scale), Vector512.Create(-(Half(ref block, 2) * least)));

        static int At(ref byte start, int index) => Unsafe.Add(ref start, 4 + index);
    }
}

/// <summary>Q5_K.</summary>
internal readonly struct Q5KForm : IStoredForm
{
    public static int Parts => 8;

    public static int Bytes => 176;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, least) = Q4KForm.ScaleAndLeast(ref block, part);
        var at = 48 + (32 * (part / 2));
        var (one, two) = (Sixteen(ref block, at), Sixteen(ref block, at + 16));
        (one, two) = part % 2 == 0 ? (Low(one), Low(two)) : (High(one), High(two));
        first = Vector512.FusedMultiplyAdd(Of(one | FifthBit(Sixteen(ref block, 16), part)), scale, least);
        second = Vector512.FusedMultiplyAdd(Of(two | FifthBit(Sixteen(ref block, 32), part)), scale, least);
    }
}

/// <summary>Q6_K.</summary>
internal readonly struct Q6KForm : IStoredForm
{
    public static int Parts => 8;

    public static int Bytes => 210;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second)
    {
        var (half, row) = (part / 4, part % 4);
        var scale = Half(ref block, 208);
        var at = (64 * half) + (32 * (row % 2));
        var own = 192 + (8 * half) + (2 * row);
        var (one, two) = (Sixteen(ref block, at), Sixteen(ref block, at + 16));
        (one, two) = row < 2 ? (Low(one), Low(two)) : (High(one), High(two));
        var middle = Vector512.Create(32f);
        first = (Of(one | Upper(ref block, 128 + (32 * half), row)) - middle)
            * Vector512.Create(scale * (sbyte)Unsafe.Add(ref block, own));
        second = (Of(two | Upper(ref block, 144 + (32 * half), row)) - middle)
            * Vector512.Create(scale * (sbyte)Unsafe.Add(ref block, own + 1));

        static Vector128<byte> Upper(ref byte start, int offset, int row) =>
            Vector128.ShiftLeft(Vector128.ShiftRightLogical(Sixteen(ref start, offset), 2 * row) & Vector128.Create((byte)3), 4);
    }
}
