using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Routes;

/// <summary>What is to be answered, in the shape of OpenAI's responses.</summary>
internal sealed record ResponseRequest : SamplingRequest
{
    /// <summary>A text, or items: messages, function_call and function_call_output.</summary>
    [Required]
    public JsonElement Input { get; init; }

    /// <summary>What the system says first.</summary>
    public string? Instructions { get; init; }

    /// <summary>At most so many tokens; as many as the context leaves when absent.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>The form of the answer, under <c>format</c>.</summary>
    public JsonElement Text { get; init; }

    /// <summary>Functions that may be called.</summary>
    public JsonElement Tools { get; init; }

    /// <summary>auto, none, required, or a function by its name.</summary>
    public JsonElement ToolChoice { get; init; }

    /// <summary>Whether several functions may be called at once.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Not followed: nothing is kept between requests.</summary>
    public string? PreviousResponseId { get; init; }

    /// <summary>The same.</summary>
    public JsonElement Conversation { get; init; }
}

/// <summary>An answer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Object">response.</param>
/// <param name="CreatedAt">When it was asked for, in seconds since 1970.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Status">in_progress, completed or incomplete.</param>
/// <param name="Output">Messages and function calls.</param>
internal sealed record ResponseAnswer(
    string Id, string Object, long CreatedAt, string Model, string Status, IReadOnlyList<ResponseItem> Output)
{
    /// <summary>Always null: what fails is told as an error.</summary>
    public string? Error { get; init; }

    /// <summary>Why it is cut short; null when it is not.</summary>
    public ResponseIncomplete? IncompleteDetails { get; init; }

    /// <summary>What the system said first.</summary>
    public string? Instructions { get; init; }

    /// <summary>At most so many tokens were asked for.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Whether several functions may be called at once.</summary>
    public bool ParallelToolCalls { get; init; } = true;

    /// <summary>Always null.</summary>
    public string? PreviousResponseId { get; init; }

    /// <summary>The temperature.</summary>
    public double Temperature { get; init; }

    /// <summary>The share of probability drawn from.</summary>
    public double TopP { get; init; }

    /// <summary>The form that was asked for.</summary>
    public JsonElement Text { get; init; }

    /// <summary>The choice of tools that was asked for.</summary>
    public JsonElement ToolChoice { get; init; }

    /// <summary>The tools.</summary>
    public JsonElement Tools { get; init; }

    /// <summary>Always false: nothing is kept.</summary>
    public bool Store { get; init; }

    /// <summary>disabled: what does not fit is refused.</summary>
    public string Truncation { get; init; } = "disabled";

    /// <summary>Tokens read and written; null while it goes on.</summary>
    public ResponseUsage? Usage { get; init; }
}

/// <summary>Why an answer is cut short.</summary>
/// <param name="Reason">max_output_tokens.</param>
internal sealed record ResponseIncomplete(string Reason);

/// <summary>Tokens read and written.</summary>
internal sealed record ResponseUsage(
    int InputTokens, ResponseCached InputTokensDetails, int OutputTokens, ResponseReasoned OutputTokensDetails, int TotalTokens)
{
    /// <summary>Counts.</summary>
    public static ResponseUsage Of(int read, int cached, int written) =>
        new(read, new ResponseCached(cached), written, new ResponseReasoned(0), read + written);
}

/// <summary>Tokens that were there already, from another chat that began alike.</summary>
internal sealed record ResponseCached(int CachedTokens);

/// <summary>Tokens that were thought and not told: none.</summary>
internal sealed record ResponseReasoned(int ReasoningTokens);

/// <summary>A message, or a call of a function.</summary>
/// <param name="Type">message or function_call.</param>
/// <param name="Id">Its id.</param>
/// <param name="Status">in_progress, completed or incomplete.</param>
internal sealed record ResponseItem(string Type, string Id, string Status)
{
    /// <summary>Of a message: assistant.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    /// <summary>Of a message: its text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ResponseText>? Content { get; init; }

    /// <summary>Of a call: what its answer names.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CallId { get; init; }

    /// <summary>Of a call: the function.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Of a call: its arguments, as JSON.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arguments { get; init; }
}

/// <summary>A text in a message.</summary>
/// <param name="Type">output_text.</param>
/// <param name="Text">The text.</param>
/// <param name="Annotations">None.</param>
/// <param name="Logprobs">None.</param>
internal sealed record ResponseText(string Type, string Text, IReadOnlyList<string> Annotations, IReadOnlyList<double> Logprobs)
{
    /// <summary>A text.</summary>
    public static ResponseText Of(string text) => new("output_text", text, [], []);
}

/// <summary>Something that happened to an answer.</summary>
/// <param name="Type">What.</param>
/// <param name="SequenceNumber">Its number, from 0.</param>
internal sealed record ResponseEvent(string Type, int SequenceNumber)
{
    /// <summary>The answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseAnswer? Response { get; init; }

    /// <summary>The number of the item that it happened to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OutputIndex { get; init; }

    /// <summary>The item.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseItem? Item { get; init; }

    /// <summary>The item's id.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ItemId { get; init; }

    /// <summary>The number of the text in its message.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContentIndex { get; init; }

    /// <summary>The text's whole part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResponseText? Part { get; init; }

    /// <summary>What has come to it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Delta { get; init; }

    /// <summary>The whole text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>How likely its tokens were: never told.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Logprobs { get; init; }

    /// <summary>The function that is called.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>The whole arguments.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Arguments { get; init; }
}
