using System.ComponentModel.DataAnnotations;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kalm.Representation;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>Texts to embed.</summary>
/// <param name="Input">A text or texts; where the server takes them, the token ids of a text or of several.</param>
/// <param name="Model">The model's name.</param>
/// <param name="EncodingFormat">float (the default) or base64: the bytes of the numbers, F32, little-endian.</param>
/// <param name="Dimensions">The model's width, when given.</param>
/// <param name="User">Who asks; not used.</param>
/// <param name="InputType">query or document, in the words of any client: both are read alike.</param>
internal sealed record EmbeddingsRequest(
    [property: Required] JsonElement Input, string? Model, string? EncodingFormat, int? Dimensions, string? User, string? InputType)
    : StrictRequest;

/// <summary>The vectors.</summary>
internal sealed record EmbeddingsResponse(string Object, IEnumerable<EmbeddingAnswer> Data, string Model, EmbeddingsUsage Usage);

/// <summary>The vector of one text: numbers, or their bytes in base64.</summary>
internal sealed record EmbeddingAnswer(string Object, int Index, object Embedding);

/// <summary>Tokens read.</summary>
internal sealed record EmbeddingsUsage(int PromptTokens, int TotalTokens);

/// <summary><c>/v1/embeddings</c>: the entity view of texts, as OpenAI's clients ask for embeddings. A text is read whole, whatever length
/// alignment cut descriptions to; one no longer than that has the vector that the index would have of it.</summary>
internal sealed class EmbeddingsRoute(ModelHost host, ServerOptions options)
{
    private const string Base64 = "base64";
    private const string Ids = "found token ids; expected texts: the ids that clients send are OpenAI's, and mean other words to this "
        + "model. LangChain's OpenAIEmbeddings sends texts with check_embedding_ctx_length=False; a server started with --token-ids "
        + "takes ids of the model's own tokenizer";

    private static readonly string[] InputTypes = ["query", "document", "passage", "search_query", "search_document"];

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<EmbeddingsRequest>(context);
        Checks.Model(request.Model, options);
        if (request.EncodingFormat is not (null or "float" or Base64))
            throw ApiException.Bad("encoding_format", $"found '{request.EncodingFormat}'; expected float or base64");
        if (request.InputType is { } type && !InputTypes.Contains(type))
            throw ApiException.Bad("input_type", $"found '{type}'; expected {string.Join(", ", InputTypes)}");
        var served = host.Served;
        if (request.Dimensions is { } dimensions && dimensions != served.Width)
            throw ApiException.Bad(
                "dimensions", $"found {dimensions}; expected {served.Width}, the model's width: it was not trained to be shortened");
        var views = Inputs(request.Input, served.Model);
        var vectors = new List<float[]>(views.Count);
        await foreach (var vector in served.EncodeAll(views, context.RequestAborted))
            vectors.Add(vector);
        var tokens = views.Sum(view => view.Description.Length);
        // One answer at a time is put into words: thousands of them would take far more memory so than their numbers do.
        await Wire.Write(context, new EmbeddingsResponse(
            "list", vectors.Select((vector, index) => new EmbeddingAnswer(
                "embedding", index, request.EncodingFormat == Base64 ? Bytes(vector) : vector)),
            options.ModelName, new EmbeddingsUsage(tokens, tokens)));
    }

    private static string Bytes(float[] vector) => Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()));

    private List<ViewRequest> Inputs(JsonElement input, LoadedModel model)
    {
        var texts = new WholeTexts(model, options.Limits);
        if (input.ValueKind == JsonValueKind.String)
            return [Text(input, "input")];
        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() == 0)
            throw Expected(input.ValueKind == JsonValueKind.Undefined
                ? "nothing" : input.ValueKind == JsonValueKind.Array ? "an empty list" : $"{input.ValueKind}");
        if (input[0].ValueKind == JsonValueKind.Number)
            return [Tokens(input, "input")];
        if (input.GetArrayLength() > options.Limits.Inputs)
            throw ApiException.Bad(
                "input", $"found {input.GetArrayLength()} texts; expected at most {options.Limits.Inputs}", "too_many_inputs");
        return [.. input.EnumerateArray().Select((item, index) => item.ValueKind switch
        {
            JsonValueKind.String => Text(item, $"input[{index}]"),
            JsonValueKind.Array => Tokens(item, $"input[{index}]"),
            var kind => throw Expected($"{kind} in the list"),
        })];

        ViewRequest Text(JsonElement item, string place) => texts.View("input", place, JsonText.Of(item, "input"), []);

        ViewRequest Tokens(JsonElement item, string place) =>
            texts.View("input", place, IdsOf(item, place, model.Model.Tokenizer.VocabularySize), []);
    }

    private int[] IdsOf(JsonElement item, string place, int vocabulary)
    {
        var tokens = new List<int>();
        foreach (var number in item.EnumerateArray())
            if (number.ValueKind != JsonValueKind.Number)
                throw ApiException.Bad("input", $"{place}: found {number.ValueKind} in a list of tokens; expected numbers");
            else if (!options.TakesTokenIds)
                throw ApiException.Bad("input", Ids, "token_ids_refused");
            else if (!number.TryGetInt32(out var token) || token < 0 || token >= vocabulary)
                throw ApiException.Bad(
                    "input", $"{place}: found the token {number.GetRawText()}; expected 0..{vocabulary - 1}, the model's own; "
                        + "texts are taken too (LangChain: check_embedding_ctx_length=False)");
            else
                tokens.Add(token);
        return tokens.Count > 0 ? [.. tokens]
            : throw ApiException.Bad("input", $"{place}: found an empty list of tokens; expected at least one");
    }

    private static ApiException Expected(string found) =>
        ApiException.Bad("input", $"found {found}; expected a text, a list of texts, or the token ids of one or of several");
}
