using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>A GGUF file of version 2 or 3 open for reading by memory map: opening reads the header only, and the system loads the pages
/// of a
/// tensor when its bytes are first touched. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.</summary>
public sealed class GgufFile : IDisposable
{
    private readonly MappedFile map;
    private readonly Dictionary<string, GgufTensor> tensors;
    private readonly long dataStart;
    private bool isDisposed;

    private GgufFile(MappedFile map)
    {
        this.map = map;
        if (map.Length == 0)
            throw new KalmException($"{map.Path}: found an empty file, expected a GGUF file");
        var header = GgufHeader.Read(map.Path, map.Bytes(0, (int)Math.Min(map.Length, int.MaxValue)), map.Length);
        (Metadata, Tensors, dataStart) = (header.Metadata, header.Tensors, header.DataStart);
        tensors = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path => map.Path;

    /// <summary>The keys of the file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Opens <paramref name="path"/> and checks its header and the place of every tensor.</summary>
    /// <exception cref="KalmException">The file cannot be read or is not sound; the message names file, key or tensor, and
    /// fault.</exception>
    public static GgufFile Open(string path)
    {
        var map = MappedFile.Open(path);
        try
        {
            return new GgufFile(map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>The tensor called <paramref name="name"/>; null when the file has none.</summary>
    public GgufTensor? TryFind(string name) => tensors.GetValueOrDefault(name);

    /// <summary>Bytes of a tensor, in place and valid until the file is disposed: <paramref name="count"/> of them from its byte
    /// <paramref name="offset"/> on.</summary>
    public ReadOnlySpan<byte> Bytes(GgufTensor tensor, long offset, int count)
    {
        Require(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, tensor.ByteCount - offset);
        return map.Bytes(dataStart + tensor.Begin + offset, count);
    }

    /// <summary>Reads numbers of a tensor, from its element <paramref name="elementOffset"/> on, as many as
    /// <paramref name="destination"/> holds; they need not be whole blocks.</summary>
    public void ReadSingles(GgufTensor tensor, long elementOffset, Span<float> destination)
    {
        Require(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(elementOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, tensor.ElementCount - elementOffset);
        var (size, bytes) = (tensor.Type.BlockSize(), tensor.Type.BlockBytes());
        Span<float> block = stackalloc float[size];
        // The blocks at both ends may be wanted in part.
        var skipped = (int)(elementOffset % size);
        if (skipped > 0 && !destination.IsEmpty)
        {
            GgufBlocks.Dequantize(tensor.Type, Bytes(tensor, elementOffset / size * bytes, bytes), block);
            var count = Math.Min(destination.Length, size - skipped);
            block.Slice(skipped, count).CopyTo(destination);
            destination = destination[count..];
            elementOffset += count;
        }
        const int BlocksAtOnce = 1 << 16;
        while (destination.Length >= size)
        {
            var blocks = Math.Min(destination.Length / size, BlocksAtOnce);
            GgufBlocks.Dequantize(tensor.Type, Bytes(tensor, elementOffset / size * bytes, blocks * bytes),
                destination[..(blocks * size)]);
            destination = destination[(blocks * size)..];
            elementOffset += (long)blocks * size;
        }
        if (!destination.IsEmpty)
        {
            GgufBlocks.Dequantize(tensor.Type, Bytes(tensor, elementOffset / size * bytes, bytes), block);
            block[..destination.Length].CopyTo(destination);
        }
    }

    /// <summary>Tells the system that bytes of a tensor will not be read again soon, so that their pages do not count as this process's
    /// memory. They can still be read. Does nothing on systems other than Linux.</summary>
    public void Release(GgufTensor tensor, long offset, long count)
    {
        Require(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, tensor.ByteCount - offset);
        map.Release(dataStart + tensor.Begin + offset, count);
    }

    /// <summary>Closes the file; the spans taken from it are invalid from then on.</summary>
    public void Dispose()
    {
        isDisposed = true;
        map.Dispose();
    }

    private void Require(GgufTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (!ReferenceEquals(TryFind(tensor.Name), tensor))
            throw new ArgumentException($"the tensor {tensor.Name} is not one of {Path}", nameof(tensor));
    }
}
