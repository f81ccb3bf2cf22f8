using System.Text;
using System.Text.Json;
using Kalm.Completion.Grounding;
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
    private readonly ChatPrompt prompts = new(options.Limits);

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<ChatRequest>(context);
        Checks.Model(request.Model, options);
        var choices = Checks.Number("n", request.N, 1, 1, options.Limits.Choices);
        var served = await host.Current(context);
        var generation = OptionsOf(request, served.Model.Model.Generation);
        var prompt = prompts.Of(served.Chats, request.Messages, generation.MaximumNewTokens);
        var reply = new Reply($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), options.ModelName, choices);
        var answer = IsGrounding(request) ? await Ground(served, ChatPrompt.TextOf(request.Messages!, request.Messages!.Count - 1),
            context.RequestAborted) : null;
        if (answer?.IsGrounded == true)
        {
            await Tell(context, reply, GroundedReply.Of(served.Catalog, answer, served.Model.Model.Tokenizer, generation), prompt.Length,
                request);
            return;
        }
        var grounding = answer is null ? null : ChatGrounding.Of(served.Catalog, answer);

        // The model stops writing when the client leaves, or when this method does.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var job = new ChatJob(prompt, choices, generation, reading.Token);
        served.Queue.Add(job);
        try
        {
            if (request.Stream == true)
                await Stream(context, job, reply, grounding, WithUsage(request));
            else
                await Whole(context, job, reply, grounding);
        }
        finally
        {
            await reading.CancelAsync();
        }
    }

    private static bool WithUsage(ChatRequest request) => request.StreamOptions?.IncludeUsage == true;

    private bool IsGrounding(ChatRequest request) => options.IsGrounding && (request.Grounding ?? host.IsReady)
        && request.ResponseFormat.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
        && request.Tools.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    private static async Task<GroundedAnswer> Ground(ServedModel served, string question, CancellationToken cancellation)
    {
        var completer = served.Completer;
        var read = completer.Grounder.Read(question);
        if (read.Subject is not { } subject || read.Answer.DirectedRelation is not { } directed)
            return read.Answer;
        var entity = served.Catalog.Of(subject);
        var search = completer.Search(entity, directed, 1, withKnown: false);
        var encoded = await served.Encode(completer.Views(entity, directed), [search], cancellation);
        var candidates = completer.Candidates(entity, directed, search, encoded.Found[0]);
        return completer.Grounder.Decide(
            read, await served.Call(_ => completer.Judge.Of(candidates, entity, directed), cancellation));
    }

    // A message that is there already, in the shape of one that is written.
    private static async Task Tell(HttpContext context, Reply reply, GroundedReply grounded, int promptTokens, ChatRequest request)
    {
        var (choices, usage) = (Enumerable.Range(0, reply.Choices), ChatUsage.Of(promptTokens, reply.Choices * grounded.Tokens));
        if (request.Stream != true)
        {
            await Wire.Write(context, reply.Whole(
                [.. choices.Select(choice => new ChatChoice(
                    choice, new ChatReply(Assistant, grounded.Text) { Annotations = grounded.Annotations }, ReasonOf(grounded.End)))],
                usage, grounded.Grounding));
            return;
        }
        var events = new EventStream(context);
        foreach (var choice in choices)
        {
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" }, null)));
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Content = grounded.Text }, null)));
            var end = new ChatChunkChoice(choice, new ChatDelta { Annotations = grounded.Annotations }, ReasonOf(grounded.End));
            await events.Send(reply.Chunk(end) with { Grounding = grounded.Grounding });
        }
        if (WithUsage(request))
            await events.Send(reply.Chunk() with { Usage = usage });
        await events.Finish();
    }

    private static async Task Whole(HttpContext context, ChatJob job, Reply reply, ChatGrounding? grounding)
    {
        var texts = Enumerable.Range(0, reply.Choices).Select(_ => new StringBuilder()).ToArray();
        var ends = new string[reply.Choices];
        await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
        {
            texts[piece.Sequence].Append(piece.Text);
            if (piece.End is { } end)
                ends[piece.Sequence] = ReasonOf(end);
        }
        await Wire.Write(context, reply.Whole(
            [.. texts.Select((text, index) => new ChatChoice(index, new ChatReply(Assistant, text.ToString()), ends[index]))],
            ChatUsage.Of(job.PromptTokens, job.WrittenTokens), grounding));
    }

    private static async Task Stream(HttpContext context, ChatJob job, Reply reply, ChatGrounding? grounding, bool withUsage)
    {
        var cancellation = context.RequestAborted;
        // Nothing is said before the model has begun, so that a queue that is full can still be told with a status.
        await job.Pieces.WaitToReadAsync(cancellation);
        var events = new EventStream(context);
        for (var choice = 0; choice < reply.Choices; choice++)
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" }, null)));
        await foreach (var piece in job.Pieces.ReadAllAsync(cancellation))
        {
            if (piece.Text.Length > 0)
                await events.Send(reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta { Content = piece.Text }, null)));
            if (piece.End is { } end)
                await events.Send(
                    reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta(), ReasonOf(end))) with { Grounding = grounding });
        }
        if (withUsage)
            await events.Send(reply.Chunk() with { Usage = ChatUsage.Of(job.PromptTokens, job.WrittenTokens) });
        await events.Finish();
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
        public ChatResponse Whole(IReadOnlyList<ChatChoice> choices, ChatUsage usage, ChatGrounding? grounding) =>
            new(Id, "chat.completion", Created, Model, choices, usage) { Grounding = grounding };

        public ChatChunk Chunk(params IReadOnlyList<ChatChunkChoice> choices) => new(Id, "chat.completion.chunk", Created, Model, choices);
    }
}
