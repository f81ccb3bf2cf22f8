using System.Text.Json;
using System.Text.Json.Serialization;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>What every request for written text may say.</summary>
internal record SamplingRequest
{
    /// <summary>The model's name.</summary>
    public string? Model { get; init; }

    /// <summary>0 always takes the likeliest token; the default is the model's own, else 0.</summary>
    public double? Temperature { get; init; }

    /// <summary>Only the likeliest tokens that together have this probability.</summary>
    public double? TopP { get; init; }

    /// <summary>Only the so many likeliest tokens; 0 or -1 for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only tokens that have this share of the likeliest one's probability.</summary>
    public double? MinP { get; init; }

    /// <summary>Taken off the logits of tokens that were written, -2 to 2.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>The same for each time that they were.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Logits of tokens that occurred are divided by it when positive and multiplied when negative.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>What is added to the logits of tokens, by their ids: -100 to 100.</summary>
    public JsonElement LogitBias { get; init; }

    /// <summary>Decides what is drawn.</summary>
    public long? Seed { get; init; }

    /// <summary>A text, or several, before which writing ends.</summary>
    public JsonElement Stop { get; init; }

    /// <summary>The number of choices.</summary>
    public int? N { get; init; }

    /// <summary>Whether the answer comes piece by piece, as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>How it does.</summary>
    public ChatStreamOptions? StreamOptions { get; init; }

    /// <summary>Fields without a meaning here.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }
}

/// <summary>How an answer is streamed.</summary>
/// <param name="IncludeUsage">Whether the last event counts tokens.</param>
/// <param name="IncludeObfuscation">Taken and not followed: nothing is padded.</param>
internal sealed record ChatStreamOptions(bool? IncludeUsage, bool? IncludeObfuscation) : StrictRequest;
