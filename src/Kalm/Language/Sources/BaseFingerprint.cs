using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources;

/// <summary>Tells one base model from another without reading it all: SHA-256 over the names, the shapes and a few hundred numbers of every
/// tensor. The numbers are rounded to BF16, so that copies of one model in other types are the same base. Any further training changes
/// nearly all numbers, and so the fingerprint.</summary>
public static class BaseFingerprint
{
    private const int Places = 16;
    private const int NumbersPerPlace = 16;

    /// <summary>The fingerprint of a model without its adapter, in hexadecimal.</summary>
    public static string Of(IModelSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var model = source.Base;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<float> numbers = stackalloc float[NumbersPerPlace];
        Span<byte> bytes = stackalloc byte[2 * NumbersPerPlace];
        foreach (var (name, shape) in model.Config.TensorShapes().OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {TensorEntry.Describe(shape)}\n"));
            var elements = shape.Aggregate(1L, (product, size) => product * size);
            var count = (int)Math.Min(NumbersPerPlace, elements);
            for (var place = 0; place < Places; place++)
            {
                model.ReadSingles(name, (elements - count) / Math.Max(1, Places - 1) * place, numbers[..count]);
                for (var index = 0; index < count; index++)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * index)..], TensorNumbers.ToBFloat16(numbers[index]));
                hash.AppendData(bytes[..(2 * count)]);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
