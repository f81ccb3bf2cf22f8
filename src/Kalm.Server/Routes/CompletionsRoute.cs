using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/completions</c>: continues texts as they stand, without a chat's words.</summary>
internal sealed class CompletionsRoute(ModelHost host, ServerOptions options)
{
    private const int DefaultTokens = 16;
    private const int MostLogprobs = 20;

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<CompletionRequest>(context);
        Checks.Model(request.Model, options);
        var choices = Checks.Number("n", request.N, 1, 1, options.Limits.Choices);
        if (request.BestOf is { } best && best != choices)
            throw ApiException.Bad("best_of", $"found {best}; expected {choices}, as n: all that is written is told");
        if (request is { Echo: true, Logprobs: not null })
            throw ApiException.Bad("logprobs", "found logprobs and echo; expected one of them: those of prompts are not told");
        var served = await host.Current(context.RequestAborted);
        var generation = JsonText.Reading(() => Sampling.Of(request, served, options.Limits)) with
        {
            LogProbabilities = request.Logprobs is { } told ? Checks.Number("logprobs", told, 0, 0, MostLogprobs) : null,
        };
        var prompts = PromptsOf(request.Prompt, served);
        var rooms = prompts.ConvertAll(prompt => Sampling.Room(
            "max_tokens", request.MaxTokens ?? Math.Min(DefaultTokens, options.Limits.NewTokens), prompt.Tokens.Length, served,
            options.Limits, "prompt"));

        // The model stops writing when the client leaves, or when this method does.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var jobs = prompts.Zip(rooms, (prompt, room) =>
            new ChatJob(prompt.Tokens, choices, generation with { MaximumNewTokens = room }, reading.Token)).ToList();
        var writing = new Writing(
            new CompletionResponse($"cmpl-{Guid.NewGuid():N}", "text_completion", DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
                options.ModelName, []),
            choices, request.Echo == true ? [.. prompts.Select(prompt => prompt.Text)] : [.. prompts.Select(_ => "")],
            served.Model.Model.Tokenizer, generation.LogProbabilities is not null);
        try
        {
            jobs.ForEach(served.Queue.Add);
            if (request.Stream == true)
                await Stream(context, jobs, writing, request.StreamOptions?.IncludeUsage == true);
            else
                await Whole(context, jobs, writing);
        }
        finally
        {
            await reading.CancelAsync();
        }
    }

    private static async Task Whole(HttpContext context, List<ChatJob> jobs, Writing writing)
    {
        var choices = new List<CompletionChoice>();
        foreach (var (index, job) in jobs.Index())
        {
            var texts = writing.Begin();
            await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
                texts[piece.Sequence].Add(piece);
            choices.AddRange(texts.Select((text, choice) => new CompletionChoice(
                writing.Echoes[index] + text.Text, (index * writing.Choices) + choice, writing.Logprobs(text.Tokens, 0),
                text.FinishReason)));
        }
        await Wire.Write(context, writing.Reply with { Choices = choices, Usage = UsageOf(jobs) });
    }

    private static async Task Stream(HttpContext context, List<ChatJob> jobs, Writing writing, bool withUsage)
    {
        await jobs[0].Pieces.WaitToReadAsync(context.RequestAborted);
        var events = new EventStream(context);
        foreach (var (index, job) in jobs.Index())
        {
            var texts = writing.Begin();
            for (var choice = 0; choice < writing.Choices && writing.Echoes[index].Length > 0; choice++)
                await Send(choice, writing.Echoes[index], null, null);
            await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
            {
                var text = texts[piece.Sequence];
                var offset = text.Text.Length;
                await Send(piece.Sequence, text.Add(piece), piece.Token is { } token ? writing.Logprobs([token], offset) : null,
                    text.FinishReason);
            }

            Task Send(int choice, string text, CompletionLogprobs? logprobs, string? reason) => events.Send(writing.Reply with
            {
                Choices = [new CompletionChoice(text, (index * writing.Choices) + choice, logprobs, reason)],
            });
        }
        if (withUsage)
            await events.Send(writing.Reply with { Usage = UsageOf(jobs) });
        await events.Finish();
    }

    private static ChatUsage UsageOf(List<ChatJob> jobs) =>
        ChatUsage.Of(
            jobs.Sum(job => job.PromptTokens), jobs.Sum(job => job.WrittenTokens), jobs.Sum(job => job.CachedTokens));

    private List<(int[] Tokens, string Text)> PromptsOf(JsonElement prompt, ServedModel served)
    {
        var tokenizer = served.Model.Model.Tokenizer;
        if (prompt.ValueKind is JsonValueKind.String)
            return [Text(prompt)];
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw ApiException.Bad("prompt", $"found {(prompt.ValueKind == JsonValueKind.Undefined ? "nothing" : prompt.ValueKind)}; "
                + "expected a text, a list of texts, or the token ids of one or of several");
        if (prompt[0].ValueKind == JsonValueKind.Number)
            return [Tokens(prompt)];
        if (prompt.GetArrayLength() > options.Limits.Inputs)
            throw ApiException.Bad("prompt", $"found {prompt.GetArrayLength()} prompts; expected at most {options.Limits.Inputs}");
        return [.. prompt.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Array ? Tokens(item) : Text(item))];

        (int[] Tokens, string Text) Text(JsonElement item)
        {
            var text = JsonText.Of(item, "prompt");
            var tokens = tokenizer.Begin(tokenizer.Encode(text));
            // What begins nowhere is begun where another text ends.
            return tokens.Length > 0 ? (tokens, text) : tokenizer.EndId is { } end
                ? ([end], text) : throw ApiException.Bad("prompt", "found an empty text; expected one of at least one token");
        }

        (int[] Tokens, string Text) Tokens(JsonElement item)
        {
            var tokens = item.EnumerateArray().Select(number =>
                number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var token) && token >= 0
                && token < tokenizer.VocabularySize ? token : throw ApiException.Bad("prompt",
                    $"found the token {number.GetRawText()}; expected ids of this model, 0..{tokenizer.VocabularySize - 1}")).ToArray();
            return tokens.Length > 0 ? (tokens, tokenizer.Decode(tokens))
                : throw ApiException.Bad("prompt", "found an empty list of tokens; expected at least one");
        }
    }

    private sealed record Writing(
        CompletionResponse Reply, int Choices, IReadOnlyList<string> Echoes, Tokenizer Tokenizer, bool WithLogprobs)
    {
        public WrittenChoice[] Begin() => [.. Enumerable.Range(0, Choices).Select(_ => new WrittenChoice(null))];

        public CompletionLogprobs? Logprobs(IReadOnlyList<WrittenToken> tokens, int offset)
        {
            if (!WithLogprobs)
                return null;
            var (texts, offsets) = (new List<string>(), new List<int>());
            foreach (var token in tokens)
            {
                texts.Add(TokenText.Of(token.Chosen.Token, Tokenizer).Text);
                offsets.Add(offset);
                offset += texts[^1].Length;
            }
            return new CompletionLogprobs(texts, [.. tokens.Select(token => TokenText.Finite(token.Chosen.LogProbability))],
                [.. tokens.Select(TopOf)], offsets);
        }

        // Tokens with the same text are one, as likely as the likeliest of them.
        private Dictionary<string, double> TopOf(WrittenToken token)
        {
            var top = new Dictionary<string, double>();
            foreach (var other in token.Likeliest)
                top.TryAdd(TokenText.Of(other.Token, Tokenizer).Text, TokenText.Finite(other.LogProbability));
            return top;
        }
    }
}
