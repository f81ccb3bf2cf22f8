using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Kalm.Mcp;

/// <summary>Carries messages, a line each, between two streams and a session, and ends the session's input only when all that was asked is
/// answered: a session gives up what is under way when its input ends, and whoever pipes requests into a process ends it at once.</summary>
internal sealed class AnsweredLines
{
    private const int BufferBytes = 1 << 16;
    private const byte LineEnd = (byte)'\n';
    private readonly Pipe asked = new();
    private readonly Pipe answered = new();
    private readonly List<RequestId> open = [];
    private readonly TaskCompletionSource allAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isEnded;

    /// <summary>Makes the session's ends.</summary>
    public AnsweredLines() => (Input, Output) = (asked.Reader.AsStream(), answered.Writer.AsStream());

    /// <summary>What the session reads.</summary>
    public Stream Input { get; }

    /// <summary>What the session writes to.</summary>
    public Stream Output { get; }

    /// <summary>Carries until the input has ended and all is answered, or nobody reads answers any more, or it is told to stop; and then
    /// until the session has closed its output.</summary>
    /// <param name="input">Where requests come from; not owned.</param>
    /// <param name="output">Where answers go; not owned.</param>
    /// <param name="stop">Stops reading.</param>
    public Task Carry(Stream input, Stream output, CancellationToken stop) => Task.WhenAll(Read(input, stop), Write(output));

    private async Task Read(Stream input, CancellationToken stop)
    {
        try
        {
            await foreach (var line in Lines(PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: BufferBytes)), stop))
            {
                Ask(line);
                await asked.Writer.WriteAsync(line, stop);
            }
            End();
            await allAnswered.Task.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // The session is told the end too.
        }
        finally
        {
            await asked.Writer.CompleteAsync();
        }
    }

    private async Task Write(Stream output)
    {
        try
        {
            await foreach (var line in Lines(answered.Reader, CancellationToken.None))
            {
                await output.WriteAsync(line);
                await output.FlushAsync();
                Answer(line);
            }
        }
        catch (IOException)
        {
            // Nobody reads what is answered.
            allAnswered.TrySetResult();
        }
        finally
        {
            await answered.Reader.CompleteAsync();
        }
    }

    private static async IAsyncEnumerable<byte[]> Lines(PipeReader reader, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var isLast = false; !isLast;)
        {
            // A read of the console cannot be cancelled; nobody waits for it any more then.
            var read = await reader.ReadAsync(stop).AsTask().WaitAsync(stop);
            var left = read.Buffer;
            while (left.PositionOf(LineEnd) is { } end)
            {
                var next = left.GetPosition(1, end);
                yield return left.Slice(0, next).ToArray();
                left = left.Slice(next);
            }
            isLast = read.IsCompleted;
            if (isLast && !left.IsEmpty)
                yield return [.. left.ToArray(), LineEnd];
            reader.AdvanceTo(left.Start, left.End);
        }
    }

    private void Ask(byte[] line)
    {
        lock (open)
            switch (MessageOf(line))
            {
                case JsonRpcRequest request:
                    open.Add(request.Id);
                    break;
                case JsonRpcNotification { Method: NotificationMethods.CancelledNotification, Params: { } cancelled }:
                    open.Remove(IdOf(cancelled));
                    break;
            }
    }

    private void Answer(byte[] line)
    {
        lock (open)
        {
            if (MessageOf(line) is JsonRpcMessageWithId answer and not JsonRpcRequest)
                open.Remove(answer.Id);
            if (isEnded && open.Count == 0)
                allAnswered.TrySetResult();
        }
    }

    private void End()
    {
        lock (open)
        {
            isEnded = true;
            if (open.Count == 0)
                allAnswered.TrySetResult();
        }
    }

    // What the session cannot read it does not answer.
    private static JsonRpcMessage? MessageOf(byte[] line)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonRpcMessage>(line, McpJsonUtilities.DefaultOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static RequestId IdOf(JsonNode cancelled)
    {
        try
        {
            return cancelled.Deserialize<CancelledNotificationParams>(McpJsonUtilities.DefaultOptions)?.RequestId ?? default;
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
