using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Routes;

/// <summary>A chat to be continued.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Messages">What was said, the last by the user.</param>
/// <param name="MaxTokens">At most so many tokens; 128 when absent.</param>
/// <param name="MaxCompletionTokens">The same by its newer name.</param>
/// <param name="Temperature">0 always takes the likeliest token; the default is the model's own, else 0.</param>
/// <param name="TopP">Only the likeliest tokens that together have this probability.</param>
/// <param name="Stop">A text, or up to four, before which writing ends.</param>
/// <param name="Seed">Decides what is drawn.</param>
/// <param name="N">The number of choices.</param>
/// <param name="Stream">Whether the answer comes piece by piece, as server-sent events.</param>
/// <param name="StreamOptions">How it does.</param>
/// <param name="Grounding">Whether a question that the graph answers is answered from it; true when absent, if the server does so.</param>
/// <param name="ResponseFormat">When given, the answer is not grounded.</param>
/// <param name="Tools">The same.</param>
internal sealed record ChatRequest(
    string? Model, IReadOnlyList<ChatMessage>? Messages, int? MaxTokens,
    int? MaxCompletionTokens, double? Temperature, double? TopP, JsonElement Stop,
    long? Seed, int? N, bool? Stream, ChatStreamOptions? StreamOptions, bool? Grounding, JsonElement ResponseFormat, JsonElement Tools);

/// <summary>A message.</summary>
/// <param name="Role">system, developer, user or assistant.</param>
/// <param name="Content">A text, or parts of type text.</param>
internal sealed record ChatMessage(string? Role, JsonElement Content);

/// <summary>How an answer is streamed.</summary>
/// <param name="IncludeUsage">Whether the last event counts tokens.</param>
internal sealed record ChatStreamOptions(bool? IncludeUsage);

/// <summary>A whole answer.</summary>
internal sealed record ChatResponse(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices, ChatUsage Usage)
{
    /// <summary>Where the answer comes from; absent when the graph was not asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatGrounding? Grounding { get; init; }
}

/// <summary>A choice.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Message">What the model wrote.</param>
/// <param name="FinishReason">stop, or length.</param>
/// <param name="Logprobs">Never given.</param>
internal sealed record ChatChoice(int Index, ChatReply Message, string FinishReason, object? Logprobs = null);

/// <summary>What the model wrote, or the graph answers.</summary>
internal sealed record ChatReply(string Role, string Content)
{
    /// <summary>The facts that it rests on; absent when it rests on none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatAnnotation>? Annotations { get; init; }
}

/// <summary>Tokens read and written.</summary>
internal sealed record ChatUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    /// <summary>Counts.</summary>
    public static ChatUsage Of(int prompt, int completion) => new(prompt, completion, prompt + completion);
}

/// <summary>A piece of an answer.</summary>
internal sealed record ChatChunk(string Id, string Object, long Created, string Model, IReadOnlyList<ChatChunkChoice> Choices)
{
    /// <summary>In the last event, when it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatUsage? Usage { get; init; }

    /// <summary>In the last event of a choice, when the graph was asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatGrounding? Grounding { get; init; }
}

/// <summary>A piece of a choice.</summary>
internal sealed record ChatChunkChoice(int Index, ChatDelta Delta, string? FinishReason);

/// <summary>What has come to it.</summary>
internal sealed record ChatDelta
{
    /// <summary>In a choice's first piece.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    /// <summary>In a choice's last piece, the facts that it rests on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatAnnotation>? Annotations { get; init; }
}
