using System.Text.Json;
using Kalm.Completion.Grounding;
using Kalm.Extensions.Inference;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/chat/completions</c>, as OpenAI's clients ask for chats.</summary>
internal sealed class ChatRoute(ModelHost host, ServerOptions options)
{
    private const int MostTopLogprobs = 20;
    private const string Assistant = "assistant";
    private readonly ChatPrompt prompts = new(options.Limits);

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<ChatRequest>(context);
        Checks.Model(request.Model, options);
        var choices = Checks.Number("n", request.N, 1, 1, options.Limits.Choices);
        var served = await host.Current(context.RequestAborted);
        var (tools, generation, prompt) = JsonText.Reading(() => Read(request, served));
        var (param, wanted) = request.MaxCompletionTokens is { } newer
            ? ("max_completion_tokens", newer) : ("max_tokens", request.MaxTokens);
        generation = generation with
        {
            MaximumNewTokens = Sampling.Room(param, wanted, prompt.Length, served, options.Limits, "messages"),
        };
        var reply = new Reply(
            $"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), options.ModelName, choices, tools,
            served.Model.Model.Tokenizer);
        var answer = IsGrounding(request, generation)
            ? await Ground(served, ChatPrompt.TextOf(request.Messages![^1].Content, "messages"), context.RequestAborted) : null;
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
                await Whole(context, job, reply, grounding, generation.LogProbabilities is not null);
        }
        finally
        {
            await reading.CancelAsync();
        }
    }

    private (ToolSet? Tools, GenerationOptions Options, int[] Prompt) Read(ChatRequest request, ServedModel served)
    {
        var tools = ToolRequest.Of(request.Tools, request.ToolChoice, request.ParallelToolCalls);
        return (tools, Sampling.Of(request, served, options.Limits) with
        {
            LogProbabilities = LogprobsOf(request),
            Grammar = AnswerFormat.Grammar(tools, request.ResponseFormat, "response_format", isNested: true),
        }, prompts.Of(served.Chats, request, tools));
    }

    private static bool WithUsage(ChatRequest request) => request.StreamOptions?.IncludeUsage == true;

    private static int? LogprobsOf(ChatRequest request)
    {
        if (request.TopLogprobs is not (null or 0) && request.Logprobs != true)
            throw ApiException.Bad("top_logprobs", "found top_logprobs without logprobs; expected both");
        return request.Logprobs == true ? Checks.Number("top_logprobs", request.TopLogprobs, 0, 0, MostTopLogprobs) : null;
    }

    // What is written otherwise than by the model alone has no probabilities, and no form but its own.
    private bool IsGrounding(ChatRequest request, GenerationOptions generation) => options.IsGrounding
        && (request.Grounding ?? host.IsReady)
        && request.ResponseFormat.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
        && request.Tools.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
        && generation.LogProbabilities is null && request.Messages![^1].Role == "user";

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
        var reason = grounded.End == GenerationEnd.Stop ? "stop" : "length";
        if (request.Stream != true)
        {
            await Wire.Write(context, reply.Whole(
                [.. choices.Select(choice => new ChatChoice(
                    choice, new ChatReply(Assistant, grounded.Text) { Annotations = grounded.Annotations }, reason))],
                usage, grounded.Grounding));
            return;
        }
        var events = new EventStream(context);
        foreach (var choice in choices)
        {
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" }, null)));
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Content = grounded.Text }, null)));
            var end = new ChatChunkChoice(choice, new ChatDelta { Annotations = grounded.Annotations }, reason);
            await events.Send(reply.Chunk(end) with { Grounding = grounded.Grounding });
        }
        if (WithUsage(request))
            await events.Send(reply.Chunk() with { Usage = usage });
        await events.Finish();
    }

    private static async Task Whole(HttpContext context, ChatJob job, Reply reply, ChatGrounding? grounding, bool withLogprobs)
    {
        var texts = reply.Begin();
        await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
            texts[piece.Sequence].Add(piece);
        await Wire.Write(context, reply.Whole(
            [.. texts.Select((text, index) => new ChatChoice(
                index, new ChatReply(Assistant, text.Calls.Count > 0 && text.Text.Length == 0 ? null : text.Text)
                {
                    ToolCalls = text.Calls.Count > 0 ? [.. text.Calls.Select(ChatCall.Of)] : null,
                },
                text.FinishReason!, withLogprobs ? ChatLogprobs.Of(text.Tokens, reply.Tokenizer) : null))],
            ChatUsage.Of(job.PromptTokens, job.WrittenTokens, job.CachedTokens), grounding));
    }

    private static async Task Stream(HttpContext context, ChatJob job, Reply reply, ChatGrounding? grounding, bool withUsage)
    {
        var cancellation = context.RequestAborted;
        // Nothing is said before the model has begun, so that a queue that is full can still be told with a status.
        await job.Pieces.WaitToReadAsync(cancellation);
        var (events, texts) = (new EventStream(context), reply.Begin());
        for (var choice = 0; choice < reply.Choices; choice++)
            await events.Send(reply.Chunk(new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" }, null)));
        await foreach (var piece in job.Pieces.ReadAllAsync(cancellation))
        {
            var text = texts[piece.Sequence];
            var added = text.Add(piece);
            if (added.Length > 0 || piece.Token is not null)
                await events.Send(reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta { Content = added }, null)
                {
                    Logprobs = piece.Token is { } token ? ChatLogprobs.Of([token], reply.Tokenizer) : null,
                }));
            if (ChatCallDelta.Of(text.Calls) is { } calls)
                await events.Send(reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta { ToolCalls = calls }, null)));
            if (text.FinishReason is { } reason)
                await events.Send(
                    reply.Chunk(new ChatChunkChoice(piece.Sequence, new ChatDelta(), reason)) with { Grounding = grounding });
        }
        if (withUsage)
            await events.Send(reply.Chunk() with { Usage = ChatUsage.Of(job.PromptTokens, job.WrittenTokens, job.CachedTokens) });
        await events.Finish();
    }

    private sealed record Reply(string Id, long Created, string Model, int Choices, ToolSet? Tools, Tokenizer Tokenizer)
    {
        public WrittenChoice[] Begin() => [.. Enumerable.Range(0, Choices).Select(_ => new WrittenChoice(Tools))];

        public ChatResponse Whole(IReadOnlyList<ChatChoice> choices, ChatUsage usage, ChatGrounding? grounding) =>
            new(Id, "chat.completion", Created, Model, choices, usage) { Grounding = grounding };

        public ChatChunk Chunk(params IReadOnlyList<ChatChunkChoice> choices) => new(Id, "chat.completion.chunk", Created, Model, choices);
    }
}
