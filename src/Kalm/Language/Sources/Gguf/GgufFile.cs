using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>A GGUF file of version 2 or 3 open for reading by memory map: opening reads the header only, and the system loads the pages
/// of a
/// tensor when its bytes are first touched. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.</summary>
public sealed unsafe partial class GgufFile : IDisposable
{
    private const int DoNotNeed = 4;

    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private readonly Dictionary<string, GgufTensor> tensors;
    private readonly long dataStart;
    private byte* start;

    private GgufFile(string path, FileStream stream)
    {
        Path = path;
        var length = stream.Length;
        if (length == 0)
            throw new KalmException($"{path}: found an empty file, expected a GGUF file");
        map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            var header = GgufHeader.Read(path, new(start, (int)Math.Min(length, int.MaxValue)), length);
            (Metadata, Tensors, dataStart) = (header.Metadata, header.Tensors, header.DataStart);
            tensors = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>The keys of the file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Opens <paramref name="path"/> and checks its header and the place of every tensor.</summary>
    /// <exception cref="KalmException">The file cannot be read or is not sound; the message names file, key or tensor, and
    /// fault.</exception>
    public static GgufFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new GgufFile(path, stream);
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (FileFault.Is(error))
                throw FileFault.At(path, "open", error);
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
        return new ReadOnlySpan<byte>(start + dataStart + tensor.Begin + offset, count);
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
        if (!OperatingSystem.IsLinux())
            return;
        // The last page is kept, because what follows begins on it.
        var pageSize = (nuint)Environment.SystemPageSize;
        var begin = (nuint)(start + dataStart + tensor.Begin + offset) / pageSize * pageSize;
        var end = (nuint)(start + dataStart + tensor.Begin + offset + count) / pageSize * pageSize;
        if (end > begin)
            _ = AdviseMemory(begin, end - begin, DoNotNeed);
    }

    /// <summary>Closes the file; the spans taken from it are invalid from then on.</summary>
    public void Dispose()
    {
        if (start is not null)
        {
            start = null;
            view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        view?.Dispose();
        map?.Dispose();
    }

    // A hint: nothing depends on whether the system takes it.
    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdviseMemory(nuint address, nuint length, int advice);

    private void Require(GgufTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(start is null, this);
        if (!ReferenceEquals(TryFind(tensor.Name), tensor))
            throw new ArgumentException($"the tensor {tensor.Name} is not one of {Path}", nameof(tensor));
    }
}
