using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kalm.Language.Execution.Kernels;

/// <summary>A form in which the numbers of a matrix are stored, read 32 at a time into registers.</summary>
internal interface IStoredForm
{
    /// <summary>How many times 32 numbers a block holds.</summary>
    static abstract int Parts { get; }

    /// <summary>The bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Reads 32 numbers.</summary>
    /// <param name="block">The block's first byte.</param>
    /// <param name="part">Which 32 of the block's numbers.</param>
    /// <param name="first">The first 16.</param>
    /// <param name="second">The others.</param>
    static abstract void Read(ref byte block, int part, out Vector512<float> first, out Vector512<float> second);
}

/// <summary>What the forms share.</summary>
internal static class StoredNumbers
{
    /// <summary>16 unsigned bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector128<byte> bytes)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(bytes));
        var words = Vector256.WidenLower(bytes.ToVector256Unsafe());
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.WidenLower(words).AsInt32()),
            Vector256.ConvertToSingle(Vector256.WidenUpper(words).AsInt32()));
    }

    /// <summary>16 signed bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector128<sbyte> bytes)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(bytes));
        var words = Vector256.WidenLower(bytes.ToVector256Unsafe());
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.WidenLower(words)), Vector256.ConvertToSingle(Vector256.WidenUpper(words)));
    }

    /// <summary>16 bytes at an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Sixteen(ref byte block, int offset) => Vector128.LoadUnsafe(ref block, (nuint)offset);

    /// <summary>A finite number of half precision: exponent and fraction moved to their places, the bias made good by a product, which is
    /// exact below the normal numbers, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(ref byte block, int offset)
    {
        var half = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref block, offset));
        var magnitude = BitConverter.UInt32BitsToSingle((uint)(half & 0x7FFF) << 13) * 5.192296858534828e33f;
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(magnitude) | ((uint)(half & 0x8000) << 16));
    }
}
