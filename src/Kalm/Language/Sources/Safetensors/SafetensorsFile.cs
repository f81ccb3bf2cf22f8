using System.Buffers.Binary;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>A safetensors file open for reading by memory map: opening reads the header only, and the system loads the pages of a
/// tensor when its bytes are first touched. Format: https://github.com/huggingface/safetensors#format.</summary>
public sealed class SafetensorsFile : ITensorStore
{
    private const int LengthBytes = 8;
    private const int ElementsPerChunk = 1 << 16;

    private readonly MappedFile _file;
    private readonly long _dataLength;

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        var start = file.Bytes(0, (int)Math.Min(file.Length, LfsPointer.LongestPointer + 1));
        if (LfsPointer.IsPointer(start))
            throw new KalmException($"{Path}: {LfsPointer.Advice}");
        if (file.Length < LengthBytes)
            throw new KalmException($"{Path}: found {file.Length} bytes, expected at least {LengthBytes} for a safetensors file");
        var headerLength = HeaderLength(start);
        DataStart = LengthBytes + headerLength;
        _dataLength = file.Length - DataStart;
        (Tensors, Metadata) = SafetensorsHeader.Parse(file.Bytes(LengthBytes, headerLength), _dataLength, Path);
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path => _file.Path;

    /// <summary>Where the data begins in the file, in bytes: the header's length and the eight bytes that hold it.</summary>
    public long DataStart { get; }

    /// <summary>Every tensor by its name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    IReadOnlyList<string> ITensorStore.Files => [Path];

    IEnumerable<StoredTensor> ITensorStore.Tensors => Tensors.Values.Select(entry => entry.Stored);

    /// <summary>The free text of the header, usually <c>format: pt</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens <paramref name="path"/> and checks its header and the place of every tensor.</summary>
    /// <exception cref="KalmException">The file cannot be read or is not sound; the message names file, tensor and fault.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="KalmException">The file has no such tensor.</exception>
    public TensorEntry Find(string name) => Tensors.TryGetValue(name, out var entry)
        ? entry
        : throw SafetensorsLayout.Fault(Path, name, $"not found among the {Tensors.Count} tensors of the file");

    StoredTensor? ITensorStore.TryFind(string name) => Tensors.GetValueOrDefault(name)?.Stored;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) => ReadSingles(Find(name), offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => Release(Find(name), offset, count);

    /// <summary>The bytes of a tensor, in place: valid until the file is disposed, and not always aligned to its elements.</summary>
    /// <exception cref="KalmException">The tensor has 2 GiB or more; take it in parts then.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.ByteCount > int.MaxValue)
            throw SafetensorsLayout.Fault(Path, entry.Name, $"its {entry.ByteCount} bytes do not fit one span; read it in parts");
        return Bytes(entry, 0, (int)entry.ByteCount);
    }

    /// <summary>Part of a tensor's bytes, in place: <paramref name="count"/> of them from its byte <paramref name="offset"/> on.</summary>
    public ReadOnlySpan<byte> Bytes(TensorEntry entry, long offset, int count)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Begin < 0 || entry.End < entry.Begin || entry.End > _dataLength)
            throw new ArgumentException($"the tensor {entry.Name} is not one of this file", nameof(entry));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, entry.ByteCount - offset);
        return _file.Bytes(DataStart + entry.Begin + offset, count);
    }

    /// <summary>Reads elements of a tensor of any type as single-precision numbers, from its element <paramref name="elementOffset"/> on,
    /// as many as <paramref name="destination"/> holds.</summary>
    public void ReadSingles(TensorEntry entry, long elementOffset, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(elementOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, entry.ElementCount - elementOffset);
        var itemSize = entry.Type.ItemSize();
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, ElementsPerChunk);
            TensorNumbers.ToSingles(entry.Type, Bytes(entry, elementOffset * itemSize, count * itemSize), destination[..count]);
            destination = destination[count..];
            elementOffset += count;
        }
    }

    /// <summary>Tells the system that elements of a tensor will not be read again soon, so that their pages do not count as this process's
    /// memory. They can still be read. Does nothing on systems other than Linux.</summary>
    public void Release(TensorEntry entry, long elementOffset, long count)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var itemSize = entry.Type.ItemSize();
        ArgumentOutOfRangeException.ThrowIfNegative(elementOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, entry.ElementCount - elementOffset);
        _file.Release(DataStart + entry.Begin + (elementOffset * itemSize), count * itemSize);
    }

    /// <summary>Closes the file; the spans taken from it are invalid from then on.</summary>
    public void Dispose() => _file.Dispose();

    private int HeaderLength(ReadOnlySpan<byte> start)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > SafetensorsHeader.LongestHeader)
            throw new KalmException($"{Path}: found a header of {length} bytes, expected at most {SafetensorsHeader.LongestHeader}; "
                + "is it a safetensors file?");
        if ((long)length > _file.Length - LengthBytes)
            throw new KalmException($"{Path}: found a header of {length} bytes, but the file has {_file.Length - LengthBytes} after its "
                + "first 8; is it cut short?");
        return (int)length;
    }
}
