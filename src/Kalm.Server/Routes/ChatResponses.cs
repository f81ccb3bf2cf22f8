using System.Text.Json.Serialization;
using Kalm.Extensions.Inference;

namespace Kalm.Server.Routes;

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
/// <param name="FinishReason">stop, length or tool_calls.</param>
/// <param name="Logprobs">How likely its tokens were; null when that was not asked for.</param>
internal sealed record ChatChoice(int Index, ChatReply Message, string FinishReason, ChatLogprobs? Logprobs = null);

/// <summary>What the model wrote, or the graph answers.</summary>
/// <param name="Role">assistant.</param>
/// <param name="Content">The text; null where there are calls alone.</param>
internal sealed record ChatReply(string Role, string? Content)
{
    /// <summary>The functions to be called; absent when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatCall>? ToolCalls { get; init; }

    /// <summary>The facts that it rests on; absent when it rests on none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatAnnotation>? Annotations { get; init; }
}

/// <summary>Tokens read and written.</summary>
internal sealed record ChatUsage(int PromptTokens, int CompletionTokens, int TotalTokens, ChatPromptUsage PromptTokensDetails)
{
    /// <summary>Counts.</summary>
    public static ChatUsage Of(int prompt, int completion, int cached = 0) =>
        new(prompt, completion, prompt + completion, new ChatPromptUsage(cached));
}

/// <summary>Of the tokens read.</summary>
/// <param name="CachedTokens">Those that were there already, from another chat that began alike.</param>
internal sealed record ChatPromptUsage(int CachedTokens);

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
internal sealed record ChatChunkChoice(int Index, ChatDelta Delta, string? FinishReason)
{
    /// <summary>How likely its token was, when that was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatLogprobs? Logprobs { get; init; }
}

/// <summary>What has come to it.</summary>
internal sealed record ChatDelta
{
    /// <summary>In a choice's first piece.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    /// <summary>Functions to be called.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatCallDelta>? ToolCalls { get; init; }

    /// <summary>In a choice's last piece, the facts that it rests on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatAnnotation>? Annotations { get; init; }
}

/// <summary>A call in a piece.</summary>
internal sealed record ChatCallDelta(int Index, string Id, string Type, ChatCallFunction Function)
{
    /// <summary>Calls, whole.</summary>
    public static IReadOnlyList<ChatCallDelta>? Of(IReadOnlyList<WrittenCall> calls) => calls.Count == 0 ? null :
        [.. calls.Select((call, index) => new ChatCallDelta(
            index, call.Id, "function", new ChatCallFunction(call.Name, call.Arguments)))];
}
