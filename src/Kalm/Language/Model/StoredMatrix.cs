using System.Buffers.Binary;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Reads matrices in the form in which files hold them.</summary>
internal static class StoredMatrix
{
    private const int Part = 1 << 20;

    /// <summary>Whether a matrix of a form and width is multiplied as it is stored.</summary>
    /// <param name="type">The form.</param>
    /// <param name="width">Numbers in a row.</param>
    public static bool Covers(GgufTensorType type, long width) =>
        (type is GgufTensorType.F32 or GgufTensorType.BF16 or GgufTensorType.F16 or GgufTensorType.Q8
            or GgufTensorType.Q4 or GgufTensorType.Q4WithMinimum or GgufTensorType.Q5 or GgufTensorType.Q5WithMinimum
            or GgufTensorType.Q4K or GgufTensorType.Q5K or GgufTensorType.Q6K)
        && width % Math.Max(32, type.BlockSize()) == 0;

    /// <summary>Reads a matrix whose form takes fewer bytes than single precision and can be multiplied as it is.</summary>
    /// <param name="source">The model.</param>
    /// <param name="name">The tensor's canonical name.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>[out, bytes of a row] and the form, the caller owns it; null where it has no such form.</returns>
    public static (Tensor Values, GgufTensorType Type)? TryRead(IModelSource source, string name, long[] shape)
    {
        if (FormOf(source, name, shape) is not { } form)
            return null;
        return (source.Base as GgufSource)?.BlocksOf(name) is { } blocks
            ? (Read((GgufSource)source.Base, name, shape, blocks), blocks) : (ReadShort(source, name, shape, form), form);
    }

    /// <summary>The form in which <see cref="TryRead"/> reads a matrix; null for none.</summary>
    /// <param name="source">The model.</param>
    /// <param name="name">The tensor's canonical name.</param>
    /// <param name="shape">Its shape.</param>
    public static GgufTensorType? FormOf(IModelSource source, string name, long[] shape)
    {
        if (shape.Length != 2)
            return null;
        var form = (source.Base as GgufSource)?.BlocksOf(name)
            ?? source.TryFind(name)?.Type switch { "BF16" => GgufTensorType.BF16, "F16" => GgufTensorType.F16, _ => (GgufTensorType?)null };
        return form is { } found && Covers(found, shape[1]) ? found : null;
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
