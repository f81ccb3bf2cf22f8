using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>A safetensors file open for reading by memory map: opening reads the header only, and the system loads the pages of a
/// tensor when its bytes are first touched. Format: https://github.com/huggingface/safetensors#format.</summary>
public sealed unsafe partial class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;
    private const int ElementsPerChunk = 1 << 16;
    private const int DoNotNeed = 4;

    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _dataLength;
    private byte* _start;

    private SafetensorsFile(string path, FileStream stream)
    {
        Path = path;
        var fileLength = stream.Length;
        if (fileLength < LengthBytes)
            throw new KalmException($"{path}: found {fileLength} bytes, expected at least {LengthBytes} for a safetensors file");
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            var headerLength = HeaderLength(path, fileLength);
            DataStart = LengthBytes + headerLength;
            _dataLength = fileLength - DataStart;
            (Tensors, Metadata) =
                SafetensorsHeader.Parse(new ReadOnlySpan<byte>(_start + LengthBytes, headerLength), _dataLength, path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>Where the data begins in the file, in bytes: the header's length and the eight bytes that hold it.</summary>
    public long DataStart { get; }

    /// <summary>Every tensor by its name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The free text of the header, usually <c>format: pt</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens <paramref name="path"/> and checks its header and the place of every tensor.</summary>
    /// <exception cref="KalmException">The file cannot be read or is not sound; the message names file, tensor and fault.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new SafetensorsFile(path, stream);
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (FileFault.Is(error))
                throw FileFault.At(path, "open", error);
            throw;
        }
    }

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="KalmException">The file has no such tensor.</exception>
    public TensorEntry Find(string name) => Tensors.TryGetValue(name, out var entry)
        ? entry
        : throw SafetensorsLayout.Fault(Path, name, $"not found among the {Tensors.Count} tensors of the file");

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
        ObjectDisposedException.ThrowIf(_start is null, this);
        if (entry.Begin < 0 || entry.End < entry.Begin || entry.End > _dataLength)
            throw new ArgumentException($"the tensor {entry.Name} is not one of this file", nameof(entry));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, entry.ByteCount - offset);
        return new ReadOnlySpan<byte>(_start + DataStart + entry.Begin + offset, count);
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
        if (count == 0 || !OperatingSystem.IsLinux())
            return;
        ObjectDisposedException.ThrowIf(_start is null, this);
        var itemSize = entry.Type.ItemSize();
        ArgumentOutOfRangeException.ThrowIfNegative(elementOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, entry.ElementCount - elementOffset);
        // The last page is kept, because what follows begins on it.
        var pageSize = (nuint)Environment.SystemPageSize;
        var begin = (nuint)(_start + DataStart + entry.Begin + (elementOffset * itemSize)) / pageSize * pageSize;
        var end = (nuint)(_start + DataStart + entry.Begin + ((elementOffset + count) * itemSize)) / pageSize * pageSize;
        if (end > begin)
            _ = AdviseMemory(begin, end - begin, DoNotNeed);
    }

    /// <summary>Closes the file; the spans taken from it are invalid from then on.</summary>
    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        _view?.Dispose();
        _map.Dispose();
    }

    // A hint: nothing depends on whether the system takes it.
    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdviseMemory(nuint address, nuint length, int advice);

    private int HeaderLength(string path, long fileLength)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_start, LengthBytes));
        if (length > SafetensorsHeader.LongestHeader)
            throw new KalmException($"{path}: found a header of {length} bytes, expected at most {SafetensorsHeader.LongestHeader}; "
                + "is it a safetensors file?");
        if ((long)length > fileLength - LengthBytes)
            throw new KalmException($"{path}: found a header of {length} bytes, but the file has {fileLength - LengthBytes} after its "
                + "first 8; is it cut short?");
        return (int)length;
    }
}
