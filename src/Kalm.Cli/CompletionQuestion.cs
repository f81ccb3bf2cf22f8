using Kalm.Cli.Progress;
using Kalm.Completion;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>A triple of which one part is missing.</summary>
/// <param name="Catalog">The entities that may be meant.</param>
/// <param name="Head">The head, or null.</param>
/// <param name="Relation">The directed relation from head to tail, or null.</param>
/// <param name="Tail">The tail, or null.</param>
internal sealed record CompletionQuestion(Catalog Catalog, QueryEntity? Head, int? Relation, QueryEntity? Tail)
{
    /// <summary>Opens what answers; where the index was made for it, the user is told where it lies.</summary>
    public static Completer Open(
        LoadedModel model, Catalog catalog, string root, ProgressView progress, CancellationToken cancellation, bool approximate = false)
    {
        if (catalog.Log.Damage is { } damage)
            progress.Note($"{damage}; what was changed before counts");
        var completer = Completer.Open(model, catalog, root, progress, cancellation);
        if (completer.Index.WasBuilt)
            progress.Note($"{completer.Index.Folder}: the entities' vectors, kept for the next question");
        if (approximate)
            progress.Note(completer.Index.SearchApproximately(model, catalog.Graph, progress, cancellation).ToString());
        return completer;
    }

    /// <summary>The entity that an option's words mean; words that the graph does not hold are taken for a description, and the user is
    /// told.</summary>
    public static QueryEntity? Find(Catalog catalog, string option, string? words, ProgressView progress)
    {
        if (words is null)
            return null;
        var found = VerbInputs.Named(option, () => catalog.Find(words));
        if (found.Entity is null)
            progress.Note($"{option}: '{words}' is no id or name in the graph; the text is encoded as a description"
                + (catalog.Lookup.NearestEntity(words) is { } nearest ? $" (the graph has '{nearest}')" : ""));
        return found;
    }

    /// <summary>Answers it.</summary>
    /// <param name="completer">Knows the model.</param>
    /// <param name="top">How many answers are wanted.</param>
    /// <param name="rerank">Whether the run's re-ranker puts the best entities into order.</param>
    /// <param name="strictTypes">Whether only entities are wanted that are such as the relation has there.</param>
    public CompletionAnswer Answer(Completer completer, int top, bool rerank, bool strictTypes)
    {
        if (Relation is not { } relation)
            return new CompletionAnswer(this, null, completer.Relations(Head!, Tail!, top), null);
        var (entity, directed) = Head is not null ? (Head, relation) : (Tail!, Catalog.Graph.InverseOf(relation));
        var depth = rerank ? Math.Max(top, completer.Reranker.Description.Shape.Depth) : top;
        var entities = completer.Entities(entity, directed, completer.Search(entity, directed, depth, strictTypes: strictTypes));
        var ordered = rerank ? completer.Rerank(entities, entity, directed) : entities;
        return new CompletionAnswer(
            this, completer.Judged([.. ordered.Take(top)], entity, directed), null, completer.Statement);
    }

    /// <summary>The question in words, a question mark for what is sought.</summary>
    public override string ToString() =>
        $"{Name(Head)} · {(Relation is { } relation ? Catalog.Graph.DirectedRelationText(relation) : "?")} · {Name(Tail)}";

    private string Name(QueryEntity? entity) =>
        entity is null ? "?" : entity.Entity is { } index ? Catalog[index].Name : entity.Description;
}
