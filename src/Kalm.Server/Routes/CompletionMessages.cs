using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Routes;

/// <summary>Texts to be continued.</summary>
internal sealed record CompletionRequest : SamplingRequest
{
    /// <summary>A text, texts, the token ids of a text, or those of several.</summary>
    [Required]
    public JsonElement Prompt { get; init; }

    /// <summary>At most so many tokens; 16 when absent.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Whether the prompt stands before what is written.</summary>
    public bool? Echo { get; init; }

    /// <summary>Of how many likeliest tokens at each place the log-probabilities are told; those that were written always are.</summary>
    public int? Logprobs { get; init; }

    /// <summary>As many as <c>n</c>, when given.</summary>
    public int? BestOf { get; init; }
}

/// <summary>The continuations.</summary>
internal sealed record CompletionResponse(
    string Id, string Object, long Created, string Model, IReadOnlyList<CompletionChoice> Choices)
{
    /// <summary>Tokens read and written; absent in the pieces of a stream but the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatUsage? Usage { get; init; }
}

/// <summary>A continuation.</summary>
/// <param name="Text">The text.</param>
/// <param name="Index">Its number: of each prompt the choices one after another.</param>
/// <param name="Logprobs">How likely its tokens were; null when that was not asked for.</param>
/// <param name="FinishReason">stop or length; null while it goes on.</param>
internal sealed record CompletionChoice(string Text, int Index, CompletionLogprobs? Logprobs, string? FinishReason);

/// <summary>How likely the tokens of a continuation were.</summary>
/// <param name="Tokens">Their texts.</param>
/// <param name="TokenLogprobs">The natural logarithms of their probabilities.</param>
/// <param name="TopLogprobs">For each the likeliest tokens at its place, by their texts.</param>
/// <param name="TextOffset">Where each begins, in characters of the text.</param>
internal sealed record CompletionLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<IReadOnlyDictionary<string, double>> TopLogprobs,
    IReadOnlyList<int> TextOffset);
