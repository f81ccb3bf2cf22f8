using Kalm.Completion;
using Kalm.Graph;

namespace Kalm.Server.Routes;

/// <summary>An entity in an answer.</summary>
/// <param name="Id">Its id; null for a text that the graph does not hold.</param>
/// <param name="Name">Its name; null for such a text.</param>
/// <param name="Text">What the model reads.</param>
/// <param name="Types">What kind of thing it is; empty where the graph does not say.</param>
internal sealed record EntityAnswer(string? Id, string? Name, string Text, IReadOnlyList<string> Types)
{
    /// <summary>An entity of the catalogue.</summary>
    public static EntityAnswer Of(Entity entity) => new(entity.Id, entity.Name, entity.Description, entity.Types);

    /// <summary>Where a query starts.</summary>
    public static EntityAnswer Of(Catalog catalog, QueryEntity entity) =>
        entity.Entity is { } index ? Of(catalog[index]) : new EntityAnswer(null, null, entity.Description, []);
}

/// <summary>An entity by id, name and what kind of thing it is.</summary>
internal sealed record EntityName(string Id, string Name, IReadOnlyList<string> Types)
{
    /// <summary>An entity of the catalogue.</summary>
    public static EntityName Of(Entity entity) => new(entity.Id, entity.Name, entity.Types);
}

/// <summary>A relation in the direction it is read.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its words in this direction.</param>
/// <param name="Inverse">Whether it is read from tail to head.</param>
internal sealed record RelationAnswer(string Id, string Text, bool Inverse)
{
    /// <summary>A directed relation of a graph.</summary>
    public static RelationAnswer Of(KnowledgeGraph graph, int directedRelation)
    {
        var isInverse = directedRelation >= graph.RelationCount;
        return new RelationAnswer(
            graph.Relations[isInverse ? graph.InverseOf(directedRelation) : directedRelation].Id,
            graph.DirectedRelationText(directedRelation), isInverse);
    }
}

/// <summary>A training fact that speaks for an answer.</summary>
/// <param name="Head">Its head.</param>
/// <param name="Relation">Its relation, from head to tail.</param>
/// <param name="Tail">Its tail.</param>
/// <param name="Similarity">The mean of two cosines: of the entities asked from, and of the answers.</param>
internal sealed record ExplanationAnswer(EntityName Head, RelationAnswer Relation, EntityName Tail, double Similarity)
{
    /// <summary>A fact of the graph.</summary>
    public static ExplanationAnswer Of(Catalog catalog, Explanation explanation) => new(
        EntityName.Of(catalog[explanation.Triple.Head]), RelationAnswer.Of(catalog.Graph, explanation.Triple.Relation),
        EntityName.Of(catalog[explanation.Triple.Tail]), explanation.Similarity);
}
