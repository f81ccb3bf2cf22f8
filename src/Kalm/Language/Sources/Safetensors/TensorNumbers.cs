using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>Converts between the little-endian bytes of a tensor, at any alignment, and single-precision numbers.</summary>
public static class TensorNumbers
{
    /// <summary>Converts the elements of <paramref name="source"/>, exactly as many as <paramref name="destination"/> holds. Doubles and
    /// wide integers are rounded to the nearest single; truth values become 0 and 1.</summary>
    public static void ToSingles(TensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)source.Length, (long)destination.Length * type.ItemSize());
        switch (type)
        {
            case TensorType.F64:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(source[(8 * i)..]);
                break;
            case TensorType.F32 when BitConverter.IsLittleEndian:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorType.F32:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadSingleLittleEndian(source[(4 * i)..]);
                break;
            case TensorType.F16:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(2 * i)..]);
                break;
            case TensorType.BF16:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = FromBFloat16(BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * i)..]));
                break;
            case TensorType.I64:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadInt64LittleEndian(source[(8 * i)..]);
                break;
            case TensorType.I32:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadInt32LittleEndian(source[(4 * i)..]);
                break;
            case TensorType.I16:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadInt16LittleEndian(source[(2 * i)..]);
                break;
            case TensorType.I8:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = (sbyte)source[i];
                break;
            case TensorType.U8:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = source[i];
                break;
            case TensorType.Bool:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = source[i] == 0 ? 0 : 1;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor type");
        }
    }

    /// <summary>Writes numbers as <paramref name="type"/>, which is F32, F16 or BF16, rounding to nearest, ties to even.</summary>
    /// <param name="name">The tensor's name, for messages.</param>
    /// <param name="type">The type to write.</param>
    /// <param name="source">The numbers.</param>
    /// <param name="destination">Exactly the bytes they take.</param>
    /// <exception cref="KalmException">A finite number is too large for F16: written, it would turn into an infinity.</exception>
    public static void FromSingles(string name, TensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)destination.Length, (long)source.Length * type.ItemSize());
        switch (type)
        {
            case TensorType.F32:
                for (var i = 0; i < source.Length; i++)
                    BinaryPrimitives.WriteSingleLittleEndian(destination[(4 * i)..], source[i]);
                break;
            case TensorType.F16:
                for (var i = 0; i < source.Length; i++)
                {
                    var rounded = (Half)source[i];
                    if (Half.IsInfinity(rounded) && float.IsFinite(source[i]))
                        throw new KalmException($"tensor {FileFault.Quote(name)}: found {source[i]}, expected at most 65504 for F16");
                    BinaryPrimitives.WriteHalfLittleEndian(destination[(2 * i)..], rounded);
                }
                break;
            case TensorType.BF16:
                for (var i = 0; i < source.Length; i++)
                    BinaryPrimitives.WriteUInt16LittleEndian(destination[(2 * i)..], ToBFloat16(source[i]));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "single-precision numbers are written as F32, F16 or BF16");
        }
    }

    /// <summary>The bits of <paramref name="value"/> as BF16, rounded to nearest, ties to even; NaN stays NaN.</summary>
    public static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // A NaN whose payload sits in the lower half alone would be rounded to an infinity: the quiet bit keeps it a NaN.
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        var half = 0x7FFF + ((bits >> 16) & 1);
        return (ushort)((bits + half) >> 16);
    }

    /// <summary>The number that <paramref name="bits"/> mean as BF16; exact.</summary>
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
