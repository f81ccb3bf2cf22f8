using Kalm.Cli.Progress;
using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>A triple of which one part is missing.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Head">The head, or null.</param>
/// <param name="Relation">The directed relation from head to tail, or null.</param>
/// <param name="Tail">The tail, or null.</param>
internal sealed record CompletionQuestion(KnowledgeGraph Graph, QueryEntity? Head, int? Relation, QueryEntity? Tail)
{
    /// <summary>The entity that an option's words mean; words that the graph does not hold are taken for a description, and the user is
    /// told.</summary>
    public static QueryEntity? Find(KnowledgeGraph graph, GraphLookup lookup, string option, string? words, ProgressView progress)
    {
        if (words is null)
            return null;
        if (Given.Named(option, () => lookup.Entity(words)) is { } entity)
            return QueryEntity.Of(graph, entity);
        progress.Note($"{option}: '{words}' is no id or name in the graph; the text is encoded as a description"
            + (lookup.NearestEntity(words) is { } nearest ? $" (the graph has '{nearest}')" : ""));
        return new QueryEntity(null, words);
    }

    /// <summary>Answers it.</summary>
    /// <param name="completer">Knows the model.</param>
    /// <param name="top">How many answers are wanted.</param>
    /// <param name="depth">How many entities to order by likelihood first; null orders by embeddings alone.</param>
    public CompletionAnswer Answer(Completer completer, int top, int? depth)
    {
        if (Relation is not { } relation)
            return new CompletionAnswer(this, null, completer.Relations(Head!, Tail!, top));
        var (entity, directed) = Head is not null ? (Head, relation) : (Tail!, Graph.InverseOf(relation));
        var entities = completer.Entities(entity, directed, depth ?? top);
        return new CompletionAnswer(this, [.. (depth is null ? entities : completer.Rerank(entities, entity, directed)).Take(top)], null);
    }

    /// <summary>The question in words, a question mark for what is sought.</summary>
    public override string ToString() =>
        $"{Name(Head)} · {(Relation is { } relation ? Graph.DirectedRelationText(relation) : "?")} · {Name(Tail)}";

    private string Name(QueryEntity? entity) =>
        entity is null ? "?" : entity.Entity is { } index ? Graph.Entities[index].Name : entity.Description;
}
