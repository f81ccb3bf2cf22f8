using System.Text.Json;
using Kalm.Representation;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/rerank</c>, <c>/v2/rerank</c> and <c>/rerank</c>: documents by the cosine of their vectors, entity views, and the vector
/// of the query, read as the model reads a question about entities.</summary>
internal sealed class RerankRoute(ModelHost host, ServerOptions options)
{
    /// <summary>Where the clients of Jina and Cohere, of Cohere's second version, and those that add no version look for it.</summary>
    public static IReadOnlyList<string> Paths { get; } = ["/v1/rerank", "/v2/rerank", "/rerank"];

    // A query's view without the words of a relation: the text is the whole question.
    private static readonly int[][] AsQuery = [[]];

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<RerankRequest>(context);
        Checks.Model(request.Model, options);
        var (param, documents) = Documents(request);
        var top = Checks.Number("top_n", request.TopN, documents.Count, 1, int.MaxValue);
        RequireDefaults(request);
        var served = host.Served;
        var texts = new WholeTexts(served.Model, options.Limits);
        var cut = request.Truncate == true;
        var most = request.MaxTokensPerDoc is null ? int.MaxValue
            : Checks.Number("max_tokens_per_doc", request.MaxTokensPerDoc, 0, 1, int.MaxValue);
        if (cut)
            most = Math.Min(most, texts.Room([]));
        var query = texts.View("query", "query", TextOf("query", "query", request.Query), AsQuery, cut ? texts.Room(AsQuery) : null);
        var views = new List<ViewRequest>(documents.Count + 1) { query };
        foreach (var (index, document) in documents.Index())
            views.Add(texts.View(param, $"{param}[{index}]", TextOf(param, $"{param}[{index}]", document), [], most));

        var cosines = await Cosines(served, views, context.RequestAborted);
        int[] order = [.. Enumerable.Range(0, cosines.Count).OrderByDescending(index => cosines[index]).Take(top)];
        var tokens = views.Sum(view => view.Description.Length);
        if (request.Texts is not null)
            await Wire.Write(context, order.Select(index => new RankedText(
                index, request.RawScores == true ? cosines[index] : Score(cosines[index]))
            {
                Text = request.ReturnText == true ? TextOf(param, param, documents[index]) : null,
            }));
        else
            await Wire.Write(context, new RerankResponse(
                $"rerank-{Guid.NewGuid():N}", "list", options.ModelName, [.. order.Select(index => new RerankResult(
                    index, request.RawScores == true ? cosines[index] : Score(cosines[index]))
                {
                    Document = request.ReturnDocuments == true ? new RerankDocument(TextOf(param, param, documents[index])) : null,
                })],
                new EmbeddingsUsage(tokens, tokens), new RerankMeta(
                    new RerankApiVersion(context.Request.Path.StartsWithSegments("/v2") ? "2" : "1"), new RerankTokens(tokens))));
    }

    private static double Score(double cosine) => Math.Clamp((1 + cosine) / 2, 0, 1);

    private static async Task<List<double>> Cosines(ServedModel served, List<ViewRequest> views, CancellationToken cancellation)
    {
        float[]? query = null;
        var cosines = new List<double>(views.Count - 1);
        await foreach (var vector in served.EncodeAll(views, cancellation))
            if (query is null)
                query = vector;
            else
                cosines.Add(query.Zip(vector, (one, other) => (double)one * other).Sum());
        return cosines;
    }

    private (string Param, IReadOnlyList<JsonElement> Documents) Documents(RerankRequest request)
    {
        var (param, documents) = (request.Documents, request.Texts) switch
        {
            ({ } found, null) => ("documents", found),
            (null, { } found) => ("texts", found),
            (null, null) => throw ApiException.Bad("documents", "documents is missing; expected texts", "missing_value"),
            _ => throw ApiException.Bad("texts", "found documents too; expected one of them"),
        };
        if (documents.Count == 0)
            throw ApiException.Bad(param, "found an empty list; expected at least one text");
        return documents.Count <= options.Limits.Inputs ? (param, documents) : throw ApiException.Bad(
            param, $"found {documents.Count} texts; expected at most {options.Limits.Inputs}", "too_many_inputs");
    }

    private static void RequireDefaults(RerankRequest request)
    {
        if (request.RankFields?.FirstOrDefault(field => field != "text") is { } field)
            throw ApiException.Bad("rank_fields", $"found '{field}'; expected text, the only field that is read");
        if (request.TruncationDirection is { } direction && !direction.Equals("right", StringComparison.OrdinalIgnoreCase))
            throw ApiException.Bad("truncation_direction", $"found '{direction}'; expected right: texts are cut at their end");
    }

    private static string TextOf(string param, string place, JsonElement document)
    {
        if (document.ValueKind == JsonValueKind.String)
            return JsonText.Of(document, param);
        if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty("text", out var text))
            return JsonText.Of(text, param);
        throw ApiException.Bad(param, document.ValueKind == JsonValueKind.Undefined ? $"{place} is missing; expected a text"
            : $"{place}: found {document.ValueKind}; expected a text, or an object with a text");
    }
}
