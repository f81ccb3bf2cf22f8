using System.Buffers.Binary;
using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Reads matrices in the form in which files hold them.</summary>
internal static class StoredMatrix
{
    private const int Part = 1 << 20;

    /// <summary>Reads a matrix whose form takes fewer bytes than single precision and can be multiplied as it is.</summary>
    /// <param name="source">The model.</param>
    /// <param name="name">The tensor's canonical name.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>[out, bytes of a row] and the form, the caller owns it; null where it has no such form.</returns>
    public static (Tensor Values, GgufTensorType Type)? TryRead(IModelSource source, string name, long[] shape)
    {
        if (shape.Length != 2)
            return null;
        if ((source.Base as GgufSource)?.BlocksOf(name) is { } blocks)
            return StoredProduct.Covers(blocks, shape[1]) ? (Read((GgufSource)source.Base, name, shape, blocks), blocks) : null;
        GgufTensorType? type = source.TryFind(name)?.Type switch { "BF16" => GgufTensorType.BF16, "F16" => GgufTensorType.F16, _ => null };
        return type is { } found && StoredProduct.Covers(found, shape[1]) ? (ReadShort(source, name, shape, found), found) : null;
    }

    /// <summary>Copies the blocks of a GGUF file.</summary>
    /// <returns>[out, bytes of a row]; the caller owns it.</returns>
    public static Tensor Read(GgufSource source, string name, long[] shape, GgufTensorType type)
    {
        var values = empty([shape[0], type.ByteCount(shape[1])], ScalarType.Byte).DetachFromDisposeScope();
        source.ReadBlocks(name, values.bytes);
        source.Release(name, 0, shape[0] * shape[1]);
        return values;
    }

    // Read as singles, which hold every number of 16 bits, and packed again: the sources differ in what else they do on the way.
    private static Tensor ReadShort(IModelSource source, string name, long[] shape, GgufTensorType type)
    {
        var values = empty([shape[0], 2 * shape[1]], ScalarType.Byte).DetachFromDisposeScope();
        var numbers = new float[Part];
        var total = shape[0] * shape[1];
        for (long at = 0; at < total; at += Part)
        {
            var part = numbers.AsSpan(0, (int)Math.Min(Part, total - at));
            source.ReadSingles(name, at, part);
            source.Release(name, at, part.Length);
            var bytes = values.bytes.Slice(checked((int)(2 * at)), 2 * part.Length);
            for (var index = 0; index < part.Length; index++)
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * index)..], type == GgufTensorType.BF16
                    ? (ushort)(BitConverter.SingleToUInt32Bits(part[index]) >> 16) : BitConverter.HalfToUInt16Bits((Half)part[index]));
        }
        return values;
    }
}
