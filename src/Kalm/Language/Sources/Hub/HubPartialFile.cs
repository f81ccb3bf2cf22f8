using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>A file as far as it has come, on disk under a name that nobody takes for the whole.</summary>
internal sealed class HubPartialFile : IDisposable
{
    private readonly FileStream stream;
    private readonly HubFileState file;
    private HubContentHash hash;

    private HubPartialFile(FileStream stream, HubFileState file) =>
        (this.stream, this.file, hash) = (stream, file, new HubContentHash(file.Tag, file.Size));

    /// <summary>Bytes that are there.</summary>
    public long Length { get; private set; }

    /// <summary>Opens or creates it and reads what is there.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public static HubPartialFile Open(string path, HubFileState file, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var opened = new HubPartialFile(
                new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0), file);
            try
            {
                opened.HashAll(cancellation);
                return opened;
            }
            catch
            {
                opened.Dispose();
                throw;
            }
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "write", error);
        }
    }

    /// <summary>Adds what came.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        try
        {
            stream.Write(data);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(stream.Name, "write", error);
        }
        hash.Append(data);
        Length += data.Length;
    }

    /// <summary>Forgets everything.</summary>
    public void Restart()
    {
        stream.SetLength(0);
        stream.Position = 0;
        Length = 0;
        hash.Dispose();
        hash = new HubContentHash(file.Tag, file.Size);
    }

    /// <summary>Writes to disk what the system still holds; then the content's name if it is a wrong one, else null.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public string? Finish()
    {
        try
        {
            stream.Flush(flushToDisk: true);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(stream.Name, "write", error);
        }
        return hash.Mismatch();
    }

    /// <summary>Closes it; a file without content goes.</summary>
    public void Dispose()
    {
        stream.Dispose();
        hash.Dispose();
        if (Length == 0 && file.Size > 0)
            File.Delete(stream.Name);
    }

    private void HashAll(CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        while (stream.Read(buffer) is > 0 and var count)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.Append(buffer.AsSpan(0, count));
            Length += count;
        }
    }
}
