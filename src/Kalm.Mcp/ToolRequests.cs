using Kalm.Server.Http;
using Kalm.Server.Routes;

namespace Kalm.Mcp;

/// <summary>Entities to be found by words, or a page of all.</summary>
/// <param name="Search">Part of a name or an id.</param>
/// <param name="Limit">How many are wanted.</param>
/// <param name="After">Of all, the page behind this id.</param>
internal sealed record SearchEntitiesRequest(string? Search, int? Limit, string? After) : StrictRequest;

/// <summary>An entity to be told about.</summary>
/// <param name="Entity">Its id or name.</param>
/// <param name="Limit">How many known facts are wanted.</param>
/// <param name="Predict">How many predictions a relation; 0 for none.</param>
internal sealed record GetEntityRequest(string? Entity, int? Limit, int? Predict) : StrictRequest;

/// <summary>A triple to be explained.</summary>
/// <param name="Head">An entity's id or name, or a text of its own.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
/// <param name="Tail">As the head.</param>
/// <param name="Limit">How many training facts are wanted.</param>
internal sealed record ExplainRequest(string? Head, string? Relation, string? Tail, int? Limit) : StrictRequest;

/// <summary>Why a triple may be true, or not.</summary>
/// <param name="Head">As it was understood.</param>
/// <param name="Relation">As it was understood, from head to tail.</param>
/// <param name="Tail">As it was understood.</param>
/// <param name="For">What speaks for it, in words.</param>
/// <param name="Against">What speaks against it, in words.</param>
/// <param name="Contradictions">Facts of the graph that exclude it.</param>
/// <param name="Explanation">The nearest training facts.</param>
internal sealed record ExplainResponse(
    EntityAnswer Head, RelationAnswer Relation, EntityAnswer Tail, IReadOnlyList<string> For, IReadOnlyList<string> Against,
    IReadOnlyList<HeldFact> Contradictions, IReadOnlyList<ExplanationAnswer> Explanation);

/// <summary>Texts to embed.</summary>
/// <param name="Texts">The texts.</param>
internal sealed record EmbedTextsRequest(IReadOnlyList<string>? Texts) : StrictRequest;

/// <summary>The vectors of texts.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Width">The number of values in each vector.</param>
/// <param name="Tokens">Tokens read.</param>
/// <param name="Vectors">A vector of unit length for each text, in order.</param>
internal sealed record EmbedTextsResponse(string Model, int Width, int Tokens, IReadOnlyList<float[]> Vectors);
