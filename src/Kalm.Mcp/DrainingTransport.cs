using System.Text.Json;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Kalm.Mcp;

/// <summary>A transport whose end is told only when all that was asked before it is answered; a session gives up what is under way
/// when its transport ends, and whoever pipes requests into a process ends its input at once.</summary>
/// <param name="transport">What carries the messages; not owned.</param>
/// <param name="patience">How long the end may wait.</param>
internal sealed class DrainingTransport(ITransport transport, TimeSpan patience) : ITransport
{
    private readonly Channel<JsonRpcMessage> messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private readonly HashSet<RequestId> open = [];
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isEnded;

    /// <inheritdoc/>
    public string? SessionId => transport.SessionId;

    /// <inheritdoc/>
    public ChannelReader<JsonRpcMessage> MessageReader => messages.Reader;

    /// <summary>Hands on what comes in until its end, or until it is told to stop.</summary>
    public async Task Carry(CancellationToken stop)
    {
        try
        {
            await foreach (var message in transport.MessageReader.ReadAllAsync(stop))
            {
                if (message is JsonRpcRequest request)
                    lock (open)
                        open.Add(request.Id);
                if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
                    Close(IdOf(cancelled));
                messages.Writer.TryWrite(message);
            }
            lock (open)
            {
                isEnded = true;
                if (open.Count == 0)
                    drained.TrySetResult();
            }
            await drained.Task.WaitAsync(patience, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            messages.Writer.TryComplete();
        }
    }

    /// <inheritdoc/>
    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        await transport.SendMessageAsync(message, cancellationToken);
        if (message is JsonRpcResponse or JsonRpcError)
            Close(((JsonRpcMessageWithId)message).Id);
    }

    // A notification that cannot be read cancels nothing.
    private static RequestId IdOf(JsonRpcNotification cancelled)
    {
        try
        {
            return cancelled.Params.Deserialize<CancelledNotificationParams>(McpJsonUtilities.DefaultOptions)?.RequestId ?? default;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private void Close(RequestId id)
    {
        lock (open)
            if (open.Remove(id) && isEnded && open.Count == 0)
                drained.TrySetResult();
    }

    /// <summary>Does nothing: what carries the messages belongs to who made it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
