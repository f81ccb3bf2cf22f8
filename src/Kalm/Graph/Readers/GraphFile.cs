using System.IO.Compression;

namespace Kalm.Graph.Readers;

/// <summary>A file of a graph, wherever it lies: in a folder, in an archive, or compressed by itself.</summary>
internal sealed class GraphFile
{
    /// <summary>The most bytes of <see cref="Head"/>.</summary>
    public const int HeadBytes = 1 << 16;

    private readonly Func<Stream> open;
    private byte[]? head;

    /// <summary>Describes a file.</summary>
    /// <param name="name">Its name below the graph, '/' between folders, without a compression's ending.</param>
    /// <param name="shown">What messages call it.</param>
    /// <param name="open">Opens what it holds, decompressed.</param>
    public GraphFile(string name, string shown, Func<Stream> open) => (Name, Shown, this.open) = (name, shown, open);

    /// <summary>Its name below the graph, '/' between folders, without a compression's ending.</summary>
    public string Name { get; }

    /// <summary>What messages call it: its name as it lies there.</summary>
    public string Shown { get; }

    /// <summary>The last ending in lower case with its dot; empty where there is none.</summary>
    public string Ending => Path.GetExtension(Name).ToLowerInvariant();

    /// <summary>The name without folder and last ending.</summary>
    public string Stem => Path.GetFileNameWithoutExtension(Name);

    /// <summary>The path on disk where the file lies there uncompressed; else null.</summary>
    public string? PathOnDisk { get; init; }

    /// <summary>The first 64 KiB; fewer where the file is shorter.</summary>
    public ReadOnlySpan<byte> Head
    {
        get
        {
            if (head is null)
            {
                using var stream = Open();
                var bytes = new byte[HeadBytes];
                try
                {
                    head = bytes[..stream.ReadAtLeast(bytes, HeadBytes, throwOnEndOfStream: false)];
                }
                catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
                {
                    throw Damaged(problem);
                }
            }
            return head;
        }
    }

    /// <summary>Opens what the file holds, decompressed; the caller closes it.</summary>
    public Stream Open()
    {
        try
        {
            return open();
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KalmException($"{Shown}: not found; expected a file that can be read", problem);
        }
        catch (Exception problem) when (problem is UnauthorizedAccessException or IOException)
        {
            throw new KalmException($"{Shown}: {problem.Message}; expected a file that can be read", problem);
        }
    }

    /// <summary>Opens it as something that can be read at any place: the file itself, or a copy in memory.</summary>
    public Stream OpenSeekable()
    {
        var stream = Open();
        if (stream.CanSeek)
            return stream;
        using (stream)
        {
            var copy = new MemoryStream();
            stream.CopyTo(copy);
            copy.Position = 0;
            return copy;
        }
    }

    /// <summary>A file of a folder; .gz and .zst are opened up.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="name">Its name below the graph.</param>
    public static GraphFile OnDisk(string path, string name)
    {
        var isCompressed = IsCompressed(path);
        return new GraphFile(isCompressed ? name[..^Path.GetExtension(name).Length] : name, name, () => Decompressed(path, File.OpenRead(path)))
        {
            PathOnDisk = isCompressed ? null : path,
        };
    }

    /// <summary>A file of an archive; .gz and .zst in it are opened up.</summary>
    public static GraphFile InArchive(string archive, string entry, string name) => new(
        IsCompressed(name) ? name[..^Path.GetExtension(name).Length] : name, name, () =>
        {
            var zip = ZipFile.OpenRead(archive);
            try
            {
                return new OwningStream(Decompressed(name, zip.GetEntry(entry)!.Open()), zip);
            }
            catch
            {
                zip.Dispose();
                throw;
            }
        });

    /// <summary>A problem with the file as a whole.</summary>
    public KalmException Fault(string problem) => new($"{Shown}: {problem}");

    /// <summary>What a stream that breaks off or does not decompress is told as.</summary>
    public KalmException Damaged(Exception problem) =>
        new($"{Shown}: cannot be read to its end, {problem.Message.TrimEnd('.')}; expected a whole file", problem);

    private static bool IsCompressed(string name) => Path.GetExtension(name).ToLowerInvariant() is ".gz" or ".zst";

    private static Stream Decompressed(string name, Stream stream) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".gz" => new GZipStream(stream, CompressionMode.Decompress),
        ".zst" => new ZstdSharp.DecompressionStream(stream, leaveOpen: false),
        _ => stream,
    };

    /// <summary>A stream that closes what it lies in.</summary>
    private sealed class OwningStream(Stream inner, IDisposable owner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => inner.Read(buffer);

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
                owner.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
