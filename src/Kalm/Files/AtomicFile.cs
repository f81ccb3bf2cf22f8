using System.Text;

namespace Kalm.Files;

/// <summary>Writes files so that a reader, or a crash, sees the old content or the whole new content, never a part: the data goes to
/// a temporary file in the same folder, is flushed to disk, and is then renamed over the target.</summary>
public static class AtomicFile
{
    private const int BufferSize = 1 << 20;

    /// <summary>Writes <paramref name="content"/> to <paramref name="path"/>.</summary>
    public static void WriteAllBytes(string path, ReadOnlyMemory<byte> content) => Write(path, stream => stream.Write(content.Span));

    /// <summary>Writes <paramref name="content"/> to <paramref name="path"/> in UTF-8 without a byte order mark.</summary>
    public static void WriteAllText(string path, string content) => WriteAllBytes(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Writes what <paramref name="fill"/> puts into the stream to <paramref name="path"/>. When it throws, nothing is left
    /// behind and the former file stays as it was.</summary>
    /// <exception cref="KalmException">The file system refused; the message names the path.</exception>
    public static void Write(string path, Action<FileStream> fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        var target = Path.GetFullPath(path);
        var temporary = Path.Combine(Path.GetDirectoryName(target) ?? target,
            $".{Path.GetFileName(target)}.partial-{Environment.ProcessId}-{Path.GetRandomFileName()}");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize))
            {
                fill(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            Remove(temporary);
            throw FileFault.At(path, "write", error);
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // The failure that brought us here is the one worth reporting.
        }
    }
}
