namespace Kalm.Mcp;

/// <summary>An input whose end is told only when all that was asked before it is answered: a session gives up what is under way when its
/// transport ends, and whoever pipes requests into a process ends its input at once. Read asynchronously only.</summary>
/// <param name="input">The input; not owned.</param>
/// <param name="isIdle">Whether nothing is under way.</param>
/// <param name="patience">How long the end may wait.</param>
internal sealed class LingeringInput(Stream input, Func<bool> isIdle, TimeSpan patience) : Stream
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // What was read last may still be on its way.
    private static readonly TimeSpan IdleTime = TimeSpan.FromMilliseconds(500);
    private bool isEnded;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A read of the console cannot be cancelled; nobody waits for it any more then.
        var read = isEnded ? 0 : await input.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(cancellationToken);
        if (read > 0)
            return read;
        if (!isEnded)
        {
            // A last line may lack its break, and would else be read too late.
            isEnded = true;
            buffer.Span[0] = (byte)'\n';
            return 1;
        }
        var idle = TimeSpan.Zero;
        for (var waited = TimeSpan.Zero; waited < patience && idle < IdleTime; waited += Pause)
        {
            await Task.Delay(Pause, cancellationToken);
            idle = isIdle() ? idle + Pause : TimeSpan.Zero;
        }
        return 0;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
