using System.IO.Pipelines;

namespace Kalm.Server.Http;

/// <summary>A request's body, which leaves what it reads from in order when a read is cancelled: the web server reads on there, to let the
/// client finish what it sends, and finds a fault in a read that was not ended.</summary>
/// <param name="body">The body as the web server gives it; not owned.</param>
internal sealed class BodyReader(PipeReader body) : PipeReader
{
    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">The read was cancelled; what came until then is dropped.</exception>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(cancellationToken);
        if (!read.IsCanceled)
            return read;
        body.AdvanceTo(read.Buffer.End);
        throw new OperationCanceledException("the body's time is up");
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result) => body.TryRead(out result);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => body.AdvanceTo(consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => body.AdvanceTo(consumed, examined);

    /// <inheritdoc/>
    public override void CancelPendingRead() => body.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => body.Complete(exception);
}
