using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Kalm.Files;

/// <summary>A file open for reading by memory map: the system loads a page when its bytes are first touched.</summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int DoNotNeed = 4;

    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private byte* start;
    private bool isDisposed;

    private MappedFile(string path, FileStream stream)
    {
        (Path, Length) = (path, stream.Length);
        // Nothing is nothing to map.
        if (Length == 0)
        {
            stream.Dispose();
            return;
        }
        map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Path { get; }

    /// <summary>How many bytes it has.</summary>
    public long Length { get; }

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <exception cref="KalmException">The file cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new MappedFile(path, stream);
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (FileFault.Is(error))
                throw FileFault.At(path, "open", error);
            throw;
        }
    }

    /// <summary>Bytes of the file, in place and valid until it is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length - offset);
        return new ReadOnlySpan<byte>(start + offset, count);
    }

    /// <summary>Tells the system that bytes will not be read again soon, so that their pages do not count as this process's memory. They
    /// can still be read. Does nothing on systems other than Linux.</summary>
    public void Release(long offset, long count)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length - offset);
        if (count <= 0 || !OperatingSystem.IsLinux())
            return;
        // The last page is kept, because what follows begins on it.
        var pageSize = (nuint)Environment.SystemPageSize;
        var begin = (nuint)(start + offset) / pageSize * pageSize;
        var end = (nuint)(start + offset + count) / pageSize * pageSize;
        if (end > begin)
            _ = AdviseMemory(begin, end - begin, DoNotNeed);
    }

    /// <summary>Closes the file; the spans taken from it are invalid from then on.</summary>
    public void Dispose()
    {
        isDisposed = true;
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
}
