using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Texts to order by how well they answer a query, as the clients of Jina, of Cohere (both versions) and of
/// text-embeddings-inference ask.</summary>
/// <param name="Query">A text, or an object with a text.</param>
/// <param name="Documents">Texts, or objects with a text each.</param>
/// <param name="Texts">The same in the words of text-embeddings-inference, which is then answered in its shape.</param>
/// <param name="Model">The model's name.</param>
/// <param name="TopN">How many are wanted; all when absent.</param>
/// <param name="ReturnDocuments">Whether the documents come back; false when absent.</param>
/// <param name="ReturnText">The same in the words of text-embeddings-inference.</param>
/// <param name="MaxTokensPerDoc">Documents are cut to so many tokens; not at all when absent.</param>
/// <param name="RankFields">Nothing but the field text.</param>
/// <param name="RawScores">Whether scores are cosines as they are.</param>
/// <param name="Truncate">Whether texts that the model's context does not hold are cut; they are refused when absent.</param>
/// <param name="TruncationDirection">right: the end is cut.</param>
/// <param name="User">Who asks; not used.</param>
internal sealed record RerankRequest(
    [property: Required] JsonElement Query, IReadOnlyList<JsonElement>? Documents, IReadOnlyList<JsonElement>? Texts, string? Model,
    int? TopN, bool? ReturnDocuments, bool? ReturnText, int? MaxTokensPerDoc, IReadOnlyList<string>? RankFields, bool? RawScores,
    bool? Truncate, string? TruncationDirection, string? User) : StrictRequest;

/// <summary>The documents, the best first.</summary>
/// <param name="Id">Of this answer.</param>
/// <param name="Object">list.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Results">The best of them.</param>
/// <param name="Usage">Tokens read.</param>
/// <param name="Meta">The same where Cohere's clients look for it.</param>
internal sealed record RerankResponse(
    string Id, string Object, string Model, IReadOnlyList<RerankResult> Results, EmbeddingsUsage Usage, RerankMeta Meta);

/// <summary>A document.</summary>
/// <param name="Index">Its place in the request, from 0.</param>
/// <param name="RelevanceScore">How well it answers, 0..1: half of one more than the cosine of the query's vector and its own.</param>
internal sealed record RerankResult(int Index, double RelevanceScore)
{
    /// <summary>The document; absent unless it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RerankDocument? Document { get; init; }
}

/// <summary>The text of a document.</summary>
internal sealed record RerankDocument(string Text);

/// <summary>What Cohere's clients read.</summary>
internal sealed record RerankMeta(RerankApiVersion ApiVersion, RerankTokens Tokens);

/// <summary>Whose shape the answer has.</summary>
internal sealed record RerankApiVersion(string Version);

/// <summary>Tokens read.</summary>
internal sealed record RerankTokens(int InputTokens);

/// <summary>A text, as text-embeddings-inference tells of one.</summary>
/// <param name="Index">Its place in the request, from 0.</param>
/// <param name="Score">As the relevance score, or the cosine itself.</param>
internal sealed record RankedText(int Index, double Score)
{
    /// <summary>The text; absent unless it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }
}
