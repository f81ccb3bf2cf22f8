using System.Runtime.InteropServices;
using System.Text.Json;
using Kalm.Representation;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>Texts to embed.</summary>
/// <param name="Input">A text, texts, the token ids of a text, or those of several.</param>
/// <param name="Model">The model's name.</param>
/// <param name="EncodingFormat">float (the default) or base64: the bytes of the numbers, F32, little-endian.</param>
/// <param name="Dimensions">The model's width, when given.</param>
internal sealed record EmbeddingsRequest(JsonElement Input, string? Model, string? EncodingFormat, int? Dimensions);

/// <summary>The vectors.</summary>
internal sealed record EmbeddingsResponse(string Object, IReadOnlyList<EmbeddingAnswer> Data, string Model, EmbeddingsUsage Usage);

/// <summary>The vector of one text: numbers, or their bytes in base64.</summary>
internal sealed record EmbeddingAnswer(string Object, int Index, object Embedding);

/// <summary>Tokens read.</summary>
internal sealed record EmbeddingsUsage(int PromptTokens, int TotalTokens);

/// <summary><c>/v1/embeddings</c>: the entity view of texts, as OpenAI's clients ask for embeddings. A text is cut as descriptions
/// are.</summary>
internal sealed class EmbeddingsRoute(ModelHost host, ServerOptions options)
{
    private const string Base64 = "base64";

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<EmbeddingsRequest>(context);
        Checks.Model(request.Model, options);
        if (request.EncodingFormat is not (null or "float" or Base64))
            throw ApiException.Bad("encoding_format", $"found '{request.EncodingFormat}'; expected float or base64");
        var served = host.Served;
        if (request.Dimensions is { } dimensions && dimensions != served.Index.Vectors.Width)
            throw ApiException.Bad("dimensions", $"found {dimensions}; expected {served.Index.Vectors.Width}, the model's width");
        var inputs = Inputs(request.Input, served.Model);
        var encoded = await served.Encode([.. inputs.Select(input => new ViewRequest(input, true, []))], [], context.RequestAborted);
        var tokens = inputs.Sum(input => input.Length);
        await Wire.Write(context, new EmbeddingsResponse(
            "list", [.. encoded.Vectors.Select((vector, index) => new EmbeddingAnswer(
                "embedding", index, request.EncodingFormat == Base64 ? Bytes(vector) : vector))],
            options.ModelName, new EmbeddingsUsage(tokens, tokens)));
    }

    private static string Bytes(float[] vector) => Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()));

    private List<int[]> Inputs(JsonElement input, LoadedModel model)
    {
        if (input.ValueKind == JsonValueKind.String)
            return [Text(input, model)];
        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() == 0)
            throw Expected(input.ValueKind == JsonValueKind.Undefined
                ? "nothing" : input.ValueKind == JsonValueKind.Array ? "an empty list" : $"{input.ValueKind}");
        if (input[0].ValueKind == JsonValueKind.Number)
            return [Tokens(input, model)];
        if (input.GetArrayLength() > options.Limits.Inputs)
            throw ApiException.Bad(
                "input", $"found {input.GetArrayLength()} texts; expected at most {options.Limits.Inputs}", "too_many_inputs");
        return [.. input.EnumerateArray().Select(item => item.ValueKind switch
        {
            JsonValueKind.String => Text(item, model),
            JsonValueKind.Array => Tokens(item, model),
            var kind => throw Expected($"{kind} in the list"),
        })];
    }

    private int[] Text(JsonElement item, LoadedModel model)
    {
        var text = Checks.NotTooLong("input", JsonText.Of(item, "input"), options.Limits);
        var tokens = model.Wording.Description(text);
        return tokens.Length > 0 ? tokens : throw ApiException.Bad("input", "found an empty text; expected one of at least one token");
    }

    private static int[] Tokens(JsonElement item, LoadedModel model)
    {
        var tokens = new List<int>();
        foreach (var number in item.EnumerateArray())
            if (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out var token)
                || token < 0 || token >= model.Model.Tokenizer.VocabularySize)
                throw ApiException.Bad(
                    "input", $"found the token {number.GetRawText()}; expected 0..{model.Model.Tokenizer.VocabularySize - 1}");
            else if (tokens.Count < model.Wording.Options.MaximumTextTokens)
                tokens.Add(token);
        return tokens.Count > 0 ? [.. tokens] : throw ApiException.Bad("input", "found an empty list of tokens; expected at least one");
    }

    private static ApiException Expected(string found) =>
        ApiException.Bad("input", $"found {found}; expected a text, a list of texts, or the token ids of one or of several");
}
