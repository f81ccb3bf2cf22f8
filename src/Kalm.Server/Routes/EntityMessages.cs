using System.ComponentModel.DataAnnotations;
using Kalm.Completion;
using Kalm.Graph;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Entities that were found, or a page of all.</summary>
/// <param name="Entities">The entities.</param>
/// <param name="Next">What <c>after</c> has to be for the next page; null behind the last one, and where words were given.</param>
internal sealed record EntitiesResponse(IReadOnlyList<FoundAnswer> Entities, string? Next);

/// <summary>An entity of a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">What the model reads.</param>
/// <param name="Types">What kind of thing it is; empty where the graph does not say.</param>
/// <param name="FoundBy">name (or id), alias, spelling or text: where the words were found; null where none were given.</param>
internal sealed record FoundAnswer(string Id, string Name, string Text, IReadOnlyList<string> Types, string? FoundBy)
{
    /// <summary>An entity of the catalogue.</summary>
    public static FoundAnswer Of(Entity entity, FoundBy? by) =>
        new(entity.Id, entity.Name, entity.Description, entity.Types, by?.ToString().ToLowerInvariant());
}

/// <summary>An entity to be added.</summary>
/// <param name="Id">Its id; made from the name when absent.</param>
/// <param name="Name">What people call it; the text up to its first comma when absent.</param>
/// <param name="Text">What the model reads.</param>
internal sealed record AddEntityRequest(string? Id, string? Name, [property: Required] string? Text) : StrictRequest;

/// <summary>What becomes of an entity.</summary>
/// <param name="Name">Its name from now on; the one it has when absent.</param>
/// <param name="Text">What the model reads from now on; what it reads when absent.</param>
internal sealed record EditEntityRequest(string? Name, string? Text) : StrictRequest;

/// <summary>All about an entity.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">What the model reads.</param>
/// <param name="Types">What kind of thing it is; empty where the graph does not say.</param>
/// <param name="Added">Whether a client added it.</param>
/// <param name="Known">Facts of the graph, and those accepted since: of each relation the first, where the limit cuts them.</param>
/// <param name="KnownTotal">The number of such facts, also of those beyond the limit.</param>
/// <param name="KnownRelations">The same of each relation.</param>
/// <param name="Predicted">Facts that the graph does not hold, by relation.</param>
internal sealed record EntityResponse(
    string Id, string Name, string Text, IReadOnlyList<string> Types, bool Added, IReadOnlyList<KnownFact> Known,
    int KnownTotal, IReadOnlyList<KnownRelation> KnownRelations, IReadOnlyList<PredictedFacts> Predicted);

/// <summary>How many facts of a relation are known of an entity.</summary>
internal sealed record KnownRelation(RelationAnswer Relation, int Facts);

/// <summary>Which known facts of an entity are wanted.</summary>
/// <param name="Most">At most so many.</param>
/// <param name="Skip">So many of the relation, or of all, are left out.</param>
/// <param name="Directed">Only those of a directed relation; null for all.</param>
internal sealed record KnownRange(int Most, int Skip = 0, int? Directed = null);

/// <summary>A known fact, read from the entity.</summary>
internal sealed record KnownFact(RelationAnswer Relation, EntityName Entity, string Split);

/// <summary>The best answers of one relation that the graph does not hold.</summary>
internal sealed record PredictedFacts(RelationAnswer Relation, IReadOnlyList<PredictedFact> Answers);

/// <summary>A fact that the graph does not hold.</summary>
/// <param name="Entity">The answer.</param>
/// <param name="Score">Its cosine.</param>
/// <param name="Probability">That it is the answer.</param>
/// <param name="FactProbability">That the fact is true; null where it cannot be told.</param>
/// <param name="Verdict">true, false or unknown: only what is true is sure enough to be stated.</param>
internal sealed record PredictedFact(EntityName Entity, double Score, double Probability, double? FactProbability, string Verdict);
