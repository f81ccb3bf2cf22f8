using ICSharpCode.SharpZipLib;
using ZstdSharp;

namespace Kalm.Graph.Readers;

/// <summary>What a compressed file or an archive holds, read from its beginning to its end. Whatever a library makes of damaged content is
/// an
/// <see cref="InvalidDataException"/>.</summary>
/// <param name="inner">The content; owned.</param>
/// <param name="owner">What the content lies in, closed with it; may be null.</param>
internal sealed class PackedStream(Stream inner, IDisposable? owner = null) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            return inner.Read(buffer, offset, count);
        }
        catch (Exception problem) when (
            problem is SharpZipBaseException or ZstdException or IndexOutOfRangeException or ArgumentException)
        {
            throw new InvalidDataException(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            owner?.Dispose();
        }
        base.Dispose(disposing);
    }
}
