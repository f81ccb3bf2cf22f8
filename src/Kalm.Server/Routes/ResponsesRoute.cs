using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Language.Generation;
using Kalm.Language.Generation.Grammar;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/responses</c>: chats in the shape of OpenAI's responses. Nothing is kept between requests.</summary>
internal sealed class ResponsesRoute(ModelHost host, ServerOptions options)
{
    private const string Nothing = "null";
    private static readonly JsonElement PlainText = JsonSerializer.SerializeToElement(new { format = new { type = "text" } });

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<ResponseRequest>(context);
        Checks.Model(request.Model, options);
        Checks.Number("n", request.N, 1, 1, 1);
        if (request.PreviousResponseId is not null)
            throw Kept("previous_response_id");
        if (request.Conversation.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
            throw Kept("conversation");
        var served = await host.Current(context.RequestAborted);
        var (tools, generation, prompt) = JsonText.Reading(() => Read(request, served));
        generation = generation with
        {
            MaximumNewTokens = Sampling.Room(
                "max_output_tokens", request.MaxOutputTokens, prompt.Length, served, options.Limits, "input"),
        };
        var answer = new ResponseAnswer(
            $"resp_{Guid.NewGuid():N}", "response", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), options.ModelName, "in_progress", [])
        {
            Instructions = request.Instructions, MaxOutputTokens = request.MaxOutputTokens, Temperature = generation.Temperature,
            TopP = generation.TopP, ParallelToolCalls = request.ParallelToolCalls != false, Text = Or(request.Text, PlainText),
            ToolChoice = Or(request.ToolChoice, JsonSerializer.SerializeToElement("auto")),
            Tools = Or(request.Tools, JsonSerializer.SerializeToElement(Array.Empty<string>())),
        };

        // The model stops writing when the client leaves, or when this method does.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var job = new ChatJob(prompt, 1, generation, reading.Token);
        served.Queue.Add(job);
        try
        {
            if (request.Stream == true)
                await Stream(context, job, answer, tools);
            else
                await Whole(context, job, answer, tools);
        }
        finally
        {
            await reading.CancelAsync();
        }
    }

    private (ToolSet? Tools, GenerationOptions Options, int[] Prompt) Read(ResponseRequest request, ServedModel served)
    {
        var tools = ToolRequest.Of(request.Tools, request.ToolChoice, request.ParallelToolCalls);
        return (tools, Sampling.Of(request, served, options.Limits) with { Grammar = GrammarOf(tools, request.Text) },
            ChatPrompt.Of(served.Chats, ResponseInput.Of(request.Input, request.Instructions, options.Limits), tools));
    }

    private static ApiException Kept(string param) => ApiException.Bad(
        param, $"found {param}, but nothing is kept between requests; expected all items in input", "unsupported_parameter");

    private static JsonElement Or(JsonElement given, JsonElement absent) =>
        given.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? absent : given;

    private static TextGrammar? GrammarOf(ToolSet? tools, JsonElement text)
    {
        if (text.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return AnswerFormat.Grammar(tools, default, "text.format", isNested: false);
        if (text.ValueKind != JsonValueKind.Object)
            throw ApiException.Bad("text", $"found {text.ValueKind}; expected an object with a format");
        foreach (var field in text.EnumerateObject())
            if (field.Name != "format" && !(field.Name == "verbosity" && field.Value.GetRawText() is "\"medium\"" or Nothing))
                throw ApiException.Bad($"text.{field.Name}", $"found {field.Value.GetRawText()}; expected format alone");
        return AnswerFormat.Grammar(
            tools, text.TryGetProperty("format", out var format) ? format : default, "text.format", isNested: false);
    }

    private static async Task Whole(HttpContext context, ChatJob job, ResponseAnswer answer, ToolSet? tools)
    {
        var text = new WrittenChoice(tools);
        await foreach (var piece in job.Pieces.ReadAllAsync(context.RequestAborted))
            text.Add(piece);
        List<ResponseItem> items = [];
        if (text.Text.Length > 0 || text.Calls.Count == 0)
            items.Add(Message(Id("msg"), text.Text, StatusOf(text)));
        items.AddRange(text.Calls.Select(call => Call(call, StatusOf(text))));
        await Wire.Write(context, Ended(answer, text, items, job));
    }

    private static async Task Stream(HttpContext context, ChatJob job, ResponseAnswer answer, ToolSet? tools)
    {
        var cancellation = context.RequestAborted;
        await job.Pieces.WaitToReadAsync(cancellation);
        var (events, text, items) = (new EventStream(context), new WrittenChoice(tools), new List<ResponseItem>());
        var (number, message) = (0, default(string));
        await Send("created", new ResponseEvent("", 0) { Response = answer });
        await Send("in_progress", new ResponseEvent("", 0) { Response = answer });
        await foreach (var piece in job.Pieces.ReadAllAsync(cancellation))
        {
            var added = text.Add(piece);
            var isLast = text.FinishReason is not null;
            if (message is null && (added.Length > 0 || (isLast && text.Calls.Count == 0)))
            {
                message = Id("msg");
                await Send("output_item.added", new ResponseEvent("", 0)
                {
                    OutputIndex = 0, Item = Message(message, null, "in_progress"),
                });
                await Send("content_part.added", OfText(message) with { Part = ResponseText.Of("") });
            }
            if (added.Length > 0)
                await Send("output_text.delta", OfText(message!) with { Delta = added, Logprobs = [] });
            if (isLast && message is not null)
            {
                await Send("output_text.done", OfText(message) with { Text = text.Text, Logprobs = [] });
                await Send("content_part.done", OfText(message) with { Part = ResponseText.Of(text.Text) });
                items.Add(Message(message, text.Text, StatusOf(text)));
                await Send("output_item.done", new ResponseEvent("", 0) { OutputIndex = 0, Item = items[^1] });
            }
        }
        foreach (var call in text.Calls)
        {
            var item = Call(call, StatusOf(text));
            var index = items.Count;
            await Send("output_item.added", new ResponseEvent("", 0)
            {
                OutputIndex = index, Item = item with { Status = "in_progress", Arguments = "" },
            });
            var own = new ResponseEvent("", 0) { OutputIndex = index, ItemId = item.Id };
            await Send("function_call_arguments.delta", own with { Delta = call.Arguments });
            await Send("function_call_arguments.done", own with { Name = call.Name, Arguments = call.Arguments });
            await Send("output_item.done", new ResponseEvent("", 0) { OutputIndex = index, Item = item });
            items.Add(item);
        }
        var ended = Ended(answer, text, items, job);
        await Send(ended.Status, new ResponseEvent("", 0) { Response = ended });

        Task Send(string type, ResponseEvent happened) =>
            events.Send(happened with { Type = $"response.{type}", SequenceNumber = number++ }, $"response.{type}");

        static ResponseEvent OfText(string item) => new("", 0) { OutputIndex = 0, ItemId = item, ContentIndex = 0 };
    }

    private static ResponseAnswer Ended(ResponseAnswer answer, WrittenChoice text, IReadOnlyList<ResponseItem> items, ChatJob job) =>
        answer with
        {
            Status = StatusOf(text), Output = items, Usage = ResponseUsage.Of(job.PromptTokens, job.CachedTokens, job.WrittenTokens),
            IncompleteDetails = text.FinishReason == "length" ? new ResponseIncomplete("max_output_tokens") : null,
        };

    private static string StatusOf(WrittenChoice text) => text.FinishReason == "length" ? "incomplete" : "completed";

    private static ResponseItem Message(string id, string? text, string status) => new("message", id, status)
    {
        Role = "assistant", Content = text is null ? [] : [ResponseText.Of(text)],
    };

    private static ResponseItem Call(WrittenCall call, string status) => new("function_call", Id("fc"), status)
    {
        CallId = call.Id, Name = call.Name, Arguments = call.Arguments,
    };

    private static string Id(string kind) => $"{kind}_{Guid.NewGuid():N}";
}
