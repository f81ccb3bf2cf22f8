using System.Text.Json;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Kalm.Mcp;

/// <summary>A transport that knows which requests are not answered yet.</summary>
/// <param name="transport">What carries the messages; not owned.</param>
internal sealed class CountingTransport(ITransport transport) : ITransport
{
    private readonly Channel<JsonRpcMessage> messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private readonly HashSet<RequestId> open = [];

    /// <inheritdoc/>
    public string? SessionId => transport.SessionId;

    /// <inheritdoc/>
    public ChannelReader<JsonRpcMessage> MessageReader => messages.Reader;

    /// <summary>Whether all that was handed on is answered.</summary>
    public bool IsIdle
    {
        get
        {
            lock (open)
                return open.Count == 0;
        }
    }

    /// <summary>Hands on what comes in, until it ends or it is told to stop.</summary>
    public async Task Carry(CancellationToken stop)
    {
        try
        {
            while (await transport.MessageReader.WaitToReadAsync(stop))
                lock (open)
                    if (transport.MessageReader.TryRead(out var message))
                        Take(message);
        }
        finally
        {
            messages.Writer.TryComplete();
        }
    }

    private void Take(JsonRpcMessage message)
    {
        if (message is JsonRpcRequest request)
            open.Add(request.Id);
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
            open.Remove(IdOf(cancelled));
        messages.Writer.TryWrite(message);
    }

    /// <inheritdoc/>
    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        await transport.SendMessageAsync(message, cancellationToken);
        if (message is JsonRpcResponse or JsonRpcError)
            lock (open)
                open.Remove(((JsonRpcMessageWithId)message).Id);
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

    /// <summary>Does nothing: what carries the messages belongs to who made it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
