using System.Text.Json;
using Kalm.Server;
using Kalm.Server.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Kalm.Mcp;

/// <summary>What a tool is to whoever calls it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Summary">When to call it, and how to read what it answers.</param>
/// <param name="Arguments">What it takes.</param>
internal sealed record ToolText(string Name, string Title, string Summary, IReadOnlyList<ToolArgument> Arguments)
{
    /// <summary>Whether it changes what is kept.</summary>
    public bool IsWriting { get; init; }

    /// <summary>Whether a second call with the same arguments changes nothing more.</summary>
    public bool IsIdempotent { get; init; } = true;

    /// <summary>Whether it needs the index of entities, and not the model alone.</summary>
    public bool NeedsIndex { get; init; } = true;
}

/// <summary>A tool that asks the engine what a route asks, and answers what the route answers, as structured content and as its JSON in
/// a text. What goes wrong is an error of the tool, in words that a model can act on.</summary>
/// <param name="text">What it is.</param>
/// <param name="ready">Waits for the model, or for the index, as long as a call may wait.</param>
/// <param name="answer">Answers.</param>
/// <param name="log">Takes failures that nobody foresaw.</param>
internal sealed class EngineTool<TRequest, TResponse>(
    ToolText text, Func<bool, CancellationToken, Task> ready, Func<TRequest, CancellationToken, Task<TResponse>> answer, ILogger log)
    : McpServerTool
    where TRequest : StrictRequest
{
    private const string FieldUnicode = "a text is not valid Unicode";

    /// <inheritdoc/>
    public override Tool ProtocolTool { get; } = new()
    {
        Name = text.Name,
        Title = text.Title,
        Description = text.Summary,
        InputSchema = ToolArgument.SchemaOf(text.Arguments),
        OutputSchema = JsonSerializer.SerializeToElement(Wire.SchemaOf(typeof(TResponse))),
        Annotations = new ToolAnnotations
        {
            Title = text.Title, ReadOnlyHint = !text.IsWriting, DestructiveHint = false, IdempotentHint = text.IsIdempotent,
            OpenWorldHint = false,
        },
    };

    /// <inheritdoc/>
    public override IReadOnlyList<object> Metadata => [];

    /// <inheritdoc/>
    public override async ValueTask<CallToolResult> InvokeAsync(
        RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default)
    {
        try
        {
            var asked = Read(request.Params?.Arguments ?? new Dictionary<string, JsonElement>());
            await ready(text.NeedsIndex, cancellationToken);
            var answered = JsonSerializer.SerializeToElement(await answer(asked, cancellationToken), Wire.Options);
            return new CallToolResult
            {
                StructuredContent = answered, Content = [new TextContentBlock { Text = JsonSerializer.Serialize(answered, Wire.Options) }],
            };
        }
#pragma warning disable CA1031 // Told to whoever called.
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            var told = ApiException.Of(error);
            if (told.Status == 500)
                ServerLog.RequestFailed(log, "tools/call", $"/{text.Name}", error);
            return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = Words(told) }] };
        }
    }

    private TRequest Read(IDictionary<string, JsonElement> given)
    {
        ToolArgument.Check(text.Arguments, given);
        try
        {
            return JsonSerializer.SerializeToElement(given).Deserialize<TRequest>(Wire.Options)!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw ApiException.Bad(null, FieldUnicode, "invalid_json");
        }
    }

    private static string Words(ApiException error) =>
        (error.Param is null || error.Message.StartsWith(error.Param, StringComparison.Ordinal) ? "" : $"{error.Param}: ") + error.Message
            + (error.RetryAfter is { } seconds ? $"; try again in {seconds} s" : "");
}
