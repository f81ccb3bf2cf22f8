using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>A chat to be continued.</summary>
internal sealed record ChatRequest : SamplingRequest
{
    /// <summary>What was said.</summary>
    [Required]
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>At most so many tokens; as many as the context leaves when absent.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The same by its newer name.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Whether the log-probabilities of the tokens are told.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>Of how many likeliest tokens at each place, too.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>text, json_object, or json_schema with a schema; the answer then is not grounded.</summary>
    public JsonElement ResponseFormat { get; init; }

    /// <summary>Functions that may be called; the answer then is not grounded.</summary>
    public JsonElement Tools { get; init; }

    /// <summary>auto, none, required, or a function by its name.</summary>
    public JsonElement ToolChoice { get; init; }

    /// <summary>Whether several functions may be called at once.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Whether a last message of the assistant is gone on with; true when absent.</summary>
    public bool? ContinueFinalMessage { get; init; }

    /// <summary>Whether a new message is begun; true only where the last one is not gone on with.</summary>
    public bool? AddGenerationPrompt { get; init; }

    /// <summary>Whether a question that the graph answers is answered from it; true when absent, if the server does so.</summary>
    public bool? Grounding { get; init; }
}

/// <summary>A message.</summary>
/// <param name="Role">system, developer, user, assistant or tool.</param>
/// <param name="Content">A text, or parts of type text; may be null where the assistant called tools.</param>
/// <param name="ToolCalls">What the assistant called.</param>
/// <param name="ToolCallId">What a tool answers.</param>
/// <param name="Name">Who speaks.</param>
/// <param name="Refusal">What the assistant said in place of an answer; read where there is no content.</param>
internal sealed record ChatMessage(
    [property: Required] string? Role, JsonElement Content, IReadOnlyList<ChatCall?>? ToolCalls, string? ToolCallId, string? Name,
    string? Refusal) : StrictRequest;

/// <summary>A call in a message.</summary>
/// <param name="Id">What its answer names.</param>
/// <param name="Type">function.</param>
/// <param name="Function">The function.</param>
internal sealed record ChatCall(string? Id, string? Type, ChatCallFunction? Function) : StrictRequest
{
    /// <summary>A call that was written.</summary>
    public static ChatCall Of(WrittenCall call) => new(call.Id, "function", new ChatCallFunction(call.Name, call.Arguments));
}

/// <summary>A function that is called.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Its arguments, as JSON.</param>
internal sealed record ChatCallFunction(string? Name, string? Arguments) : StrictRequest;
