using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>A tensor in a file of torch's, checked to lie within it.</summary>
/// <param name="Stored">Its name, shape and type.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Begin">Its first byte in the file.</param>
/// <param name="Strides">By how many elements the next one along each dimension lies further on.</param>
/// <param name="Extent">From its first element to its last, in elements.</param>
internal sealed record PickledTensor(StoredTensor Stored, TensorType Type, long Begin, long[] Strides, long Extent)
{
    private const int ElementsPerChunk = 1024;

    /// <summary>Whether its elements lie one after the other in the order of its shape.</summary>
    public bool IsContiguous { get; } = IsInOrder(Stored.Shape, Strides);

    /// <summary>Reads elements that do not lie in order, such as those of a transposed matrix, from the element
    /// <paramref name="offset"/> on.</summary>
    public void Gather(MappedFile file, long offset, Span<float> destination)
    {
        var size = Type.ItemSize();
        Span<byte> chunk = stackalloc byte[ElementsPerChunk * sizeof(long)];
        Span<long> index = stackalloc long[Strides.Length];
        var place = Locate(offset, index);
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, ElementsPerChunk);
            for (var i = 0; i < count; i++)
            {
                file.Bytes(Begin + (place * size), size).CopyTo(chunk[(i * size)..]);
                place = Next(place, index);
            }
            TensorNumbers.ToSingles(Type, chunk[..(count * size)], destination[..count]);
            destination = destination[count..];
        }
    }

    private static bool IsInOrder(IReadOnlyList<long> shape, long[] strides)
    {
        if (shape.Contains(0))
            return true;
        var expected = 1L;
        for (var dimension = strides.Length - 1; dimension >= 0; dimension--)
        {
            if (shape[dimension] != 1 && strides[dimension] != expected)
                return false;
            expected *= shape[dimension];
        }
        return true;
    }

    private long Locate(long offset, Span<long> index)
    {
        var place = 0L;
        for (var dimension = Strides.Length - 1; dimension >= 0; dimension--)
        {
            (offset, index[dimension]) = Math.DivRem(offset, Stored.Shape[dimension]);
            place += index[dimension] * Strides[dimension];
        }
        return place;
    }

    // Counts up like the wheels of a meter, the last dimension fastest.
    private long Next(long place, Span<long> index)
    {
        for (var dimension = Strides.Length - 1; dimension >= 0; dimension--)
        {
            place += Strides[dimension];
            if (++index[dimension] < Stored.Shape[dimension])
                return place;
            place -= index[dimension] * Strides[dimension];
            index[dimension] = 0;
        }
        return place;
    }
}
