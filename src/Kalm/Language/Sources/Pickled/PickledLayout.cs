using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>Checks that tensors which a pickle describes lie within their storages, and these within the file.</summary>
internal static class PickledLayout
{
    private const int MostDimensions = 32;

    // Tied weights are there several times. What lies once and is read more often than this is a trap.
    private const int MostTimes = 16;

    /// <summary>The tensors with their places.</summary>
    /// <exception cref="KalmException">One of them is of a type that is not read, or lies outside of its storage.</exception>
    public static Dictionary<string, PickledTensor> Check(Dictionary<string, PickleTensor> tensors, PickledArchive archive)
    {
        var places = new Dictionary<string, PickledTensor>(tensors.Count);
        var most = long.MaxValue / MostTimes < archive.Length ? long.MaxValue : archive.Length * MostTimes;
        foreach (var (name, tensor) in tensors)
        {
            var place = Place(name, tensor, archive);
            places.Add(name, place);
            most -= place.Stored.ByteCount;
            if (most < 0)
                throw new KalmException(
                    $"{archive.Path}: its tensors take more than {MostTimes} times the {archive.Length} bytes of the file");
        }
        return places;
    }

    private static PickledTensor Place(string name, PickleTensor tensor, PickledArchive archive)
    {
        KalmException Fault(string fault) => SafetensorsLayout.Fault(archive.Path, name, fault);
        var (storage, shape, strides) = (tensor.Storage, tensor.Shape, tensor.Strides);
        var typeName = tensor.Type ?? storage.Class;
        if (PickleGlobals.TypeOf(typeName) is not { } type || PickleGlobals.TypeOf(storage.Class) is not { } storageType)
            throw Fault($"found the type {typeName}, expected one of "
                + string.Join(", ", Enum.GetValues<TensorType>().Select(known => known.SafetensorsName())));
        if (shape.Length != strides.Length || shape.Length > MostDimensions)
            throw Fault($"found {shape.Length} sizes and {strides.Length} strides, expected as many, and at most {MostDimensions}");
        if (shape.Any(size => size < 0) || strides.Any(stride => stride < 0) || tensor.Offset < 0 || storage.Count < 0)
            throw Fault($"found the shape {TensorEntry.Describe(shape)}, strides {TensorEntry.Describe(strides)}, offset "
                + $"{tensor.Offset} and "
                + $"{storage.Count} stored numbers, expected none below zero");
        if (archive.Storage(storage.Key) is not { } entry)
            throw Fault($"its storage {FileFault.Quote(storage.Key)} is not in the archive");
        var itemSize = type.ItemSize();
        var stored = (UInt128)(ulong)storage.Count * (uint)storageType.ItemSize();
        if (stored > (ulong)entry.Length)
            throw Fault($"its storage {FileFault.Quote(storage.Key)} has {entry.Length} bytes, expected {stored}");
        // Sizes are below 2^63, and an extent beyond the file's length ends the sum.
        var (extent, count) = (UInt128.One, UInt128.One);
        for (var dimension = 0; dimension < shape.Length; dimension++)
        {
            count = shape.Contains(0) ? 0 : count * (ulong)shape[dimension];
            extent = shape.Contains(0) ? 0 : extent + ((UInt128)(ulong)(shape[dimension] - 1) * (ulong)strides[dimension]);
            if (count * (uint)itemSize > (ulong)archive.Length || extent > (ulong)archive.Length)
                throw Fault($"takes more than the file's {archive.Length} bytes by its shape {TensorEntry.Describe(shape)} and strides "
                    + TensorEntry.Describe(strides));
        }
        if (count > 0 && (extent + (ulong)tensor.Offset) * (uint)itemSize > stored)
            throw Fault($"ends at element {extent + (ulong)tensor.Offset} of its storage, which holds {stored / (uint)itemSize}");
        var begin = count == 0 ? entry.Begin : entry.Begin + (tensor.Offset * itemSize);
        return new PickledTensor(
            new StoredTensor(name, shape, type.SafetensorsName(), (long)count * itemSize) { IsFloatingPoint = type.IsFloatingPoint() },
            type, begin, strides, (long)extent);
    }
}
