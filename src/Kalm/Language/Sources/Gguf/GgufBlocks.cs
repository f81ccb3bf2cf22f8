using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Turns the blocks of every storage type of GGUF into single-precision numbers. The results are those of ggml's reference
/// conversions bit for bit: each product and each sum is rounded by itself.</summary>
public static partial class GgufBlocks
{
    /// <summary>Converts whole blocks.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="blocks">The blocks one after the other, at any alignment.</param>
    /// <param name="destination">Takes the numbers, exactly as many as the blocks hold.</param>
    public static void Dequantize(GgufTensorType type, ReadOnlySpan<byte> blocks, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)destination.Length % type.BlockSize(), 0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(blocks.Length, type.ByteCount(destination.Length));
        switch (type)
        {
            case GgufTensorType.F16:
                FromHalves(blocks, destination);
                return;
            case GgufTensorType.BF16:
                FromBrainFloats(blocks, destination);
                return;
            case GgufTensorType.F32 or GgufTensorType.F64 or GgufTensorType.I8
                or GgufTensorType.I16 or GgufTensorType.I32 or GgufTensorType.I64:
                TensorNumbers.ToSingles(Plain(type), blocks, destination);
                return;
            default:
                break;
        }
        var (size, bytes) = (type.BlockSize(), type.BlockBytes());
        for (var count = destination.Length / size; count > 0; count--)
        {
            FromBlock(type, blocks[..bytes], ref MemoryMarshal.GetReference(destination));
            blocks = blocks[bytes..];
            destination = destination[size..];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FromBlock(GgufTensorType type, ReadOnlySpan<byte> block, ref float to)
    {
        switch (type)
        {
            case GgufTensorType.Q4: FromQ4(block, ref to); break;
            case GgufTensorType.Q4WithMinimum: FromQ4WithMinimum(block, ref to); break;
            case GgufTensorType.Q5: FromQ5(block, ref to); break;
            case GgufTensorType.Q5WithMinimum: FromQ5WithMinimum(block, ref to); break;
            case GgufTensorType.Q8: FromBytes(block[2..], HalfAt(block, 0), ref to); break;
            case GgufTensorType.Q8WithSum: FromBytes(block[4..], HalfAt(block, 0), ref to); break;
            case GgufTensorType.Q8K: FromBytes(block.Slice(4, 256), BinaryPrimitives.ReadSingleLittleEndian(block), ref to); break;
            case GgufTensorType.Q2K: FromQ2K(block, ref to); break;
            case GgufTensorType.Q3K: FromQ3K(block, ref to); break;
            case GgufTensorType.Q4K: FromQ4K(block, ref to); break;
            case GgufTensorType.Q5K: FromQ5K(block, ref to); break;
            case GgufTensorType.Q6K: FromQ6K(block, ref to); break;
            case GgufTensorType.Iq4Nl: FromChoices(block[2..], ChosenValues, HalfAt(block, 0), ref to); break;
            case GgufTensorType.Iq4Xs: FromIq4Xs(block, ref to); break;
            case GgufTensorType.Mxfp4: FromChoices(block[1..], Halved, PowerOfTwo(block[0]), ref to); break;
            case GgufTensorType.Tq1: FromTq1(block, ref to); break;
            case GgufTensorType.Tq2: FromTq2(block, ref to); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not a type of blocks");
        }
    }

    private static TensorType Plain(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => TensorType.F32,
        GgufTensorType.F64 => TensorType.F64,
        GgufTensorType.I8 => TensorType.I8,
        GgufTensorType.I16 => TensorType.I16,
        GgufTensorType.I32 => TensorType.I32,
        _ => TensorType.I64,
    };

    private static void FromHalves(ReadOnlySpan<byte> bytes, Span<float> to)
    {
        var index = 0;
        if (BitConverter.IsLittleEndian)
        {
            ref var from = ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(bytes));
            for (; index <= to.Length - Vector256<ushort>.Count; index += Vector256<ushort>.Count)
            {
                var halves = Vector256.LoadUnsafe(ref from, (nuint)index);
                FromHalves(Vector256.WidenLower(halves)).CopyTo(to[index..]);
                FromHalves(Vector256.WidenUpper(halves)).CopyTo(to[(index + Vector256<float>.Count)..]);
            }
        }
        for (; index < to.Length; index++)
            to[index] = HalfAt(bytes, 2 * index);
    }

    // The exponent is moved from a bias of 15 to one of 127; numbers below the normal ones get theirs by a subtraction, infinities and NaN
    // keep the highest one.
    private static Vector256<float> FromHalves(Vector256<uint> halves)
    {
        var shifted = (halves & Vector256.Create(0x7FFFu)) << 13;
        var exponent = shifted & Vector256.Create(0x7C00u << 13);
        var normal = shifted + Vector256.Create((127u - 15) << 23);
        var special = normal + Vector256.Create((128u - 16) << 23);
        var small = ((normal + Vector256.Create(1u << 23)).AsSingle() - Vector256.Create(113u << 23).AsSingle()).AsUInt32();
        var magnitude = Vector256.ConditionalSelect(Vector256.Equals(exponent, Vector256<uint>.Zero), small,
            Vector256.ConditionalSelect(Vector256.Equals(exponent, Vector256.Create(0x7C00u << 13)), special, normal));
        return (magnitude | ((halves & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }

    private static void FromBrainFloats(ReadOnlySpan<byte> bytes, Span<float> to)
    {
        var index = 0;
        if (BitConverter.IsLittleEndian)
        {
            ref var from = ref Unsafe.As<byte, ushort>(ref MemoryMarshal.GetReference(bytes));
            for (; index <= to.Length - Vector256<ushort>.Count; index += Vector256<ushort>.Count)
            {
                var upper = Vector256.LoadUnsafe(ref from, (nuint)index);
                (Vector256.WidenLower(upper) << 16).AsSingle().CopyTo(to[index..]);
                (Vector256.WidenUpper(upper) << 16).AsSingle().CopyTo(to[(index + Vector256<float>.Count)..]);
            }
        }
        for (; index < to.Length; index++)
            to[index] = TensorNumbers.FromBFloat16(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * index)..]));
    }

    private static float HalfAt(ReadOnlySpan<byte> bytes, int offset) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[offset..]);

    private static Vector128<byte> Sixteen(ReadOnlySpan<byte> bytes, int offset) => Vector128.Create(bytes.Slice(offset, 16));

    /// <summary>The lower halves of bytes.</summary>
    internal static Vector128<byte> Low(Vector128<byte> pairs) => pairs & Vector128.Create((byte)15);

    /// <summary>The upper halves of bytes.</summary>
    internal static Vector128<byte> High(Vector128<byte> pairs) => Vector128.ShiftRightLogical(pairs, 4);

    // scale * value + shift for 16 unsigned values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector128<byte> values, float scale, float shift, ref float to, int at)
    {
        var words = Vector256.WidenLower(values.ToVector256Unsafe());
        var (factor, summand) = (Vector256.Create(scale), Vector256.Create(shift));
        var first = Vector256.ConvertToSingle(Vector256.WidenLower(words).AsInt32()) * factor;
        var second = Vector256.ConvertToSingle(Vector256.WidenUpper(words).AsInt32()) * factor;
        (first + summand).StoreUnsafe(ref to, (nuint)at);
        (second + summand).StoreUnsafe(ref to, (nuint)at + 8);
    }

    // scale * value for 16 signed values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector128<sbyte> values, float scale, ref float to, int at)
    {
        var words = Vector256.WidenLower(values.ToVector256Unsafe());
        var factor = Vector256.Create(scale);
        (Vector256.ConvertToSingle(Vector256.WidenLower(words)) * factor).StoreUnsafe(ref to, (nuint)at);
        (Vector256.ConvertToSingle(Vector256.WidenUpper(words)) * factor).StoreUnsafe(ref to, (nuint)at + 8);
    }
}
