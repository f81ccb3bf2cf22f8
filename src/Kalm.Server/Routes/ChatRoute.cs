using System.Text;
using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Language.Generation;
using Kalm.Language.Sources;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/chat/completions</c>, as OpenAI's clients ask for chats.</summary>
internal sealed class ChatRoute(ModelHost host, ServerOptions options)
{
    private const int DefaultTokens = 128;
    private const string Assistant = "assistant";
    private static readonly byte[] EventStart = Encoding.UTF8.GetBytes("data: ");
    private static readonly byte[] EventEnd = Encoding.UTF8.GetBytes("\n\n");
    private readonly ChatPrompt prompts = new(options.Limits);

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<ChatRequest>(context);
        Checks.Model(request.Model, options);
        var choices = Checks.Number("n", request.N, 1, 1, options.Limits.Choices);
        var served = host.Served;
        var generation = OptionsOf(request, served.Model.Model.Generation);
        var prompt = prompts.Of(served.Chats, request.Messages, generation.MaximumNewTokens);

        // The model stops writing when the client leaves, or when this method does.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var job = new ChatJob(prompt, choices, generation, reading.Token);
        served.Queue.Add(job);
        try
        {
            var reply = new Reply($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), options.ModelName, choices);
            if (request.Stream == true)
                await Stream(context, job, reply, request.StreamOptions?.IncludeUsage == true);
            else
                await Whole(context, job, reply);
        }
        finally
        {
            await reading.CancelAsync();
        }
    }

    private static async Task Whole(HttpContext context, ChatJob job, Reply reply)
    {
        var texts = Enumerable.Range(0, reply.Choices).Select(_ => new StringBuilder()).ToArray();
        var ends = new string[reply.Choices];
        await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
        {
            texts[piece.Sequence].Append(piece.Text);
            if (piece.End is { } end)
                ends[piece.Sequence] = ReasonOf(end);
        }
        await Wire.Write(context, new ChatResponse(
            reply.Id, "chat.completion", reply.Created, reply.Model,
            [.. texts.Select((text, index) => new ChatChoice(index, new ChatReply(Assistant, text.ToString()), ends[index]))],
            ChatUsage.Of(job.PromptTokens, job.WrittenTokens)));
    }

    private static async Task Stream(HttpContext context, ChatJob job, Reply reply, bool withUsage)
    {
        var cancellation = context.RequestAborted;
        // Nothing is said before the model has begun, so that a queue that is full can still be told with a status.
        await job.Pieces.WaitToReadAsync(cancellation);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        for (var choice = 0; choice < reply.Choices; choice++)
            await Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" }, null)));
        await foreach (var piece in job.Pieces.ReadAllAsync(cancellation))
        {
            if (piece.Text.Length > 0)
                await Send(reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta { Content = piece.Text }, null)));
            if (piece.End is { } end)
                await Send(reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta(), ReasonOf(end))));
        }
        if (withUsage)
            await Send(reply.Chunk() with { Usage = ChatUsage.Of(job.PromptTokens, job.WrittenTokens) });
        await SendBytes("[DONE]"u8.ToArray());

        Task Send(ChatChunk chunk) => SendBytes(JsonSerializer.SerializeToUtf8Bytes(chunk, Wire.Options));

        async Task SendBytes(byte[] data)
        {
            await context.Response.Body.WriteAsync((byte[])[.. EventStart, .. data, .. EventEnd], cancellation);
            await context.Response.Body.FlushAsync(cancellation);
        }
    }

    private GenerationOptions OptionsOf(ChatRequest request, GenerationDefaults model)
    {
        var defaults = GenerationOptions.Of(model);
        var (param, wanted) = request.MaxCompletionTokens is { } newer
            ? ("max_completion_tokens", newer) : ("max_tokens", request.MaxTokens);
        var generation = defaults with
        {
            MaximumNewTokens = Checks.Number(param, wanted, Math.Min(DefaultTokens, options.Limits.NewTokens), 1, options.Limits.NewTokens),
            Temperature = Within("temperature", request.Temperature, Math.Min(defaults.Temperature, 2), 2),
            TopP = Within("top_p", request.TopP, defaults.TopP, 1),
            Stop = StopsOf(request.Stop),
            Seed = request.Seed ?? Random.Shared.NextInt64(),
        };
        return generation.TopP > 0 ? generation : generation with { TopP = double.Epsilon };
    }

    private static double Within(string param, double? found, double fallback, double most)
    {
        var number = found ?? fallback;
        return number >= 0 && number <= most ? number : throw ApiException.Bad(param, $"found {number}; expected 0..{most}");
    }

    private string[] StopsOf(JsonElement stop)
    {
        string[] stops = stop.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => [],
            JsonValueKind.Array => [.. stop.EnumerateArray().Take(options.Limits.Stops + 1).Select(item => JsonText.Of(item, "stop"))],
            _ => [JsonText.Of(stop, "stop")],
        };
        if (stops.Length > options.Limits.Stops)
            throw ApiException.Bad("stop", $"found more than {options.Limits.Stops} texts; expected at most {options.Limits.Stops}");
        if (Array.Find(stops, text => text.Length == 0 || text.Length > options.Limits.StopCharacters) is { } bad)
            throw ApiException.Bad("stop", $"found a text of {bad.Length} characters; expected 1..{options.Limits.StopCharacters}");
        return stops;
    }

    private static string ReasonOf(GenerationEnd end) => end == GenerationEnd.Stop ? "stop" : "length";

    private sealed record Reply(string Id, long Created, string Model, int Choices)
    {
        public ChatChunk Chunk(params IReadOnlyList<ChatChunkChoice> choices) => new(Id, "chat.completion.chunk", Created, Model, choices);
    }
}
