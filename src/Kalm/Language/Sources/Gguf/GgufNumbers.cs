using System.Buffers.Binary;
using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Turns numbers into the bytes of a GGUF tensor.</summary>
internal static class GgufNumbers
{
    private const int BlockSize = 32;
    private const int BlockBytes = sizeof(ushort) + BlockSize;
    private const int Step = 1 << 14;

    /// <summary>Writes numbers; those of Q8_0 in whole blocks.</summary>
    /// <param name="name">The tensor's name, for messages.</param>
    /// <param name="type">The type.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="stream">Takes the bytes.</param>
    /// <exception cref="KalmException">A number is too large for the type.</exception>
    public static void Write(string name, GgufTensorType type, ReadOnlySpan<float> values, Stream stream)
    {
        var buffer = new byte[type.ByteCount(Step)];
        while (!values.IsEmpty)
        {
            var some = values[..Math.Min(Step, values.Length)];
            var bytes = buffer.AsSpan(0, (int)type.ByteCount(some.Length));
            if (type == GgufTensorType.Q8)
                Quantise(name, some, bytes);
            else
                TensorNumbers.FromSingles(name, Plain(type), some, bytes);
            stream.Write(bytes);
            values = values[some.Length..];
        }
    }

    private static TensorType Plain(GgufTensorType type) => type switch
    {
        GgufTensorType.F16 => TensorType.F16,
        GgufTensorType.BF16 => TensorType.BF16,
        _ => TensorType.F32,
    };

    // The numbers are divided by the scale before it is rounded to half precision, as llama.cpp does.
    private static void Quantise(string name, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (var at = 0; at < values.Length; at += BlockSize)
        {
            var block = values.Slice(at, BlockSize);
            var largest = 0f;
            foreach (var value in block)
                largest = MathF.Max(largest, MathF.Abs(value));
            var scale = largest / 127;
            var rounded = (Half)scale;
            if (!Half.IsFinite(rounded))
                throw new KalmException(
                    $"tensor {FileFault.Quote(name)}: found {largest}, expected at most {(float)Half.MaxValue * 127} for Q8_0");
            BinaryPrimitives.WriteHalfLittleEndian(bytes, rounded);
            var inverse = scale == 0 ? 0 : 1 / scale;
            for (var index = 0; index < BlockSize; index++)
                bytes[sizeof(ushort) + index] = unchecked((byte)(sbyte)MathF.Round(block[index] * inverse, MidpointRounding.AwayFromZero));
            bytes = bytes[BlockBytes..];
        }
    }
}
