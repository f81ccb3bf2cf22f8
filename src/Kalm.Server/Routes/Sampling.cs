using System.Globalization;
using System.Text.Json;
using Kalm.Language.Generation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads how text is to be written. Every field is followed, or refused by its name.</summary>
internal static class Sampling
{
    private const double MostPenalty = 2;
    private const double MostBias = 100;

    // What clients send about themselves, their accounts and their caches; it changes no answer.
    private static readonly HashSet<string> Remarks =
    [
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prediction",
        "cache_prompt", "keep_alive",
    ];

    // Fields that are taken at the value that they have when they are absent.
    private static readonly Dictionary<string, string[]> Defaults = new()
    {
        ["reasoning_effort"] = ["\"medium\"", "\"none\""], ["verbosity"] = ["\"medium\""], ["modalities"] = ["[\"text\"]"],
        ["truncation"] = ["\"disabled\""], ["background"] = ["false"], ["function_call"] = ["\"none\"", "\"auto\""],
        ["functions"] = ["[]"], ["suffix"] = ["\"\""], ["top_logprobs"] = ["0"], ["best_of"] = ["1"], ["echo"] = ["false"],
        ["min_tokens"] = ["0"], ["ignore_eos"] = ["false"], ["skip_special_tokens"] = ["true"], ["stop_token_ids"] = ["[]"],
        ["include_stop_str_in_output"] = ["false"], ["use_beam_search"] = ["false"], ["length_penalty"] = ["1", "1.0"],
        ["include"] = ["[]", "[\"reasoning.encrypted_content\"]"],
        ["reasoning"] = ["{}", "{\"effort\":\"medium\"}", "{\"effort\":\"none\"}"],
    };

    /// <summary>Options that follow a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="served">The model.</param>
    /// <param name="limits">What may be asked for.</param>
    /// <exception cref="ApiException">A field is not what was expected, or is none.</exception>
    public static GenerationOptions Of(SamplingRequest request, ServedModel served, ServerLimits limits)
    {
        RequireKnown(request.Others);
        if (request.StreamOptions is not null && request.Stream != true)
            throw ApiException.Bad("stream_options", "found stream_options without stream; expected both");
        request.StreamOptions?.RequireKnown("stream_options");
        var defaults = GenerationOptions.Of(served.Model.Model.Generation);
        var topP = Within("top_p", request.TopP, defaults.TopP, 0, 1);
        return defaults with
        {
            Temperature = Within("temperature", request.Temperature, Math.Min(defaults.Temperature, 2), 0, 2),
            TopP = topP > 0 ? topP : double.Epsilon,
            TopK = request.TopK switch
            {
                null => defaults.TopK,
                0 or -1 => null,
                var count => Checks.Number("top_k", count, 1, 1, int.MaxValue),
            },
            MinP = Within("min_p", request.MinP, 0, 0, 1),
            PresencePenalty = Within("presence_penalty", request.PresencePenalty, 0, -MostPenalty, MostPenalty),
            FrequencyPenalty = Within("frequency_penalty", request.FrequencyPenalty, 0, -MostPenalty, MostPenalty),
            RepetitionPenalty = Within("repetition_penalty", request.RepetitionPenalty, defaults.RepetitionPenalty, 0.01, 100),
            LogitBias = BiasOf(request.LogitBias, served.Model.Decoder.Config.VocabularySize),
            Stop = StopsOf(request.Stop, limits),
            Seed = request.Seed ?? Random.Shared.NextInt64(),
        };
    }

    /// <summary>How many tokens may be written: what was asked for, at most the limit and what the context leaves.</summary>
    /// <param name="param">The field.</param>
    /// <param name="found">What it says; null for all that is left.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="served">The model.</param>
    /// <param name="limits">What may be asked for.</param>
    /// <param name="what">The field that made the prompt.</param>
    /// <exception cref="ApiException">The prompt leaves nothing.</exception>
    public static int Room(string param, int? found, int prompt, ServedModel served, ServerLimits limits, string what)
    {
        var context = served.Chats.Context;
        if (prompt >= context)
            throw ApiException.Bad(what, $"This model's maximum context length is {context} tokens, and {what} takes {prompt}; expected "
                + "fewer, so that an answer has room", "context_length_exceeded");
        return Math.Min(Math.Min(Checks.Number(param, found, limits.NewTokens, 1, int.MaxValue), limits.NewTokens), context - prompt);
    }

    private static void RequireKnown(Dictionary<string, JsonElement>? others)
    {
        foreach (var (name, value) in others ?? [])
            if (value.ValueKind != JsonValueKind.Null && !Remarks.Contains(name)
                && !(Defaults.TryGetValue(name, out var taken) && taken.Contains(Plain(value))))
                throw ApiException.Bad(name, Defaults.TryGetValue(name, out var known)
                    ? $"found {name}, which this model does not follow; expected {string.Join(" or ", known)}, or none"
                    : $"found the field {name}, which is not known here; expected none", "unsupported_parameter");
    }

    // Without what says nothing: spaces, and fields that are null.
    private static string Plain(JsonElement value) => value.ValueKind != JsonValueKind.Object ? JsonSerializer.Serialize(value)
        : JsonSerializer.Serialize(value.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Null)
            .ToDictionary(field => field.Name, field => field.Value));

    private static double Within(string param, double? found, double fallback, double least, double most)
    {
        var number = found ?? fallback;
        return number >= least && number <= most ? number : throw ApiException.Bad(param, $"found {number}; expected {least}..{most}");
    }

    private static Dictionary<int, double> BiasOf(JsonElement bias, int vocabulary)
    {
        var biases = new Dictionary<int, double>();
        if (bias.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return biases;
        if (bias.ValueKind != JsonValueKind.Object)
            throw ApiException.Bad("logit_bias", $"found {bias.ValueKind}; expected an object of token ids and numbers");
        foreach (var entry in bias.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var token) || token >= vocabulary)
                throw ApiException.Bad("logit_bias", $"found the token '{entry.Name}'; expected ids of this model, 0..{vocabulary - 1}");
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetDouble(out var value) || !(Math.Abs(value) <= MostBias))
                throw ApiException.Bad("logit_bias", $"found {entry.Value.GetRawText()}; expected a number from -{MostBias} to {MostBias}");
            biases[token] = value;
        }
        return biases;
    }

    private static string[] StopsOf(JsonElement stop, ServerLimits limits)
    {
        string[] stops = stop.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => [],
            JsonValueKind.Array => [.. stop.EnumerateArray().Take(limits.Stops + 1).Select(item => JsonText.Of(item, "stop"))],
            _ => [JsonText.Of(stop, "stop")],
        };
        if (stops.Length > limits.Stops)
            throw ApiException.Bad("stop", $"found more than {limits.Stops} texts; expected at most {limits.Stops}");
        if (Array.Find(stops, text => text.Length == 0 || text.Length > limits.StopCharacters) is { } bad)
            throw ApiException.Bad("stop", $"found a text of {bad.Length} characters; expected 1..{limits.StopCharacters}");
        return stops;
    }
}
