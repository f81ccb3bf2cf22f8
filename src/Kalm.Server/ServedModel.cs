using Kalm.Evaluation;
using Kalm.Extensions.Inference;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Indexing;
using Kalm.Server.Inference;

namespace Kalm.Server;

/// <summary>All that requests need once it is loaded. Safe to use from several threads: what touches tensors goes through the
/// queue.</summary>
/// <param name="Model">The model; its tensors belong to the model's thread.</param>
/// <param name="Chats">Puts chats into its words.</param>
/// <param name="Graph">The graph.</param>
/// <param name="Catalog">Its entities and those added.</param>
/// <param name="Index">Their vectors.</param>
/// <param name="Facts">What is known.</param>
/// <param name="Explanations">Finds training facts.</param>
/// <param name="Relations">Scores relations.</param>
/// <param name="Queue">Where jobs go.</param>
/// <param name="AddedPath">Where added entities are kept.</param>
internal sealed record ServedModel(
    LoadedModel Model, ChatWording Chats, KnowledgeGraph Graph, Catalog Catalog,
    EntityIndex Index, FactSplits Facts, Explanations Explanations, RelationScores Relations,
    JobQueue Queue, string AddedPath) : IDisposable
{
    /// <summary>Encodes views and seeks entities.</summary>
    public async Task<Encodings> Encode(
        IReadOnlyList<ViewRequest> views, IReadOnlyList<SearchRequest> search, CancellationToken cancellation)
    {
        var job = new SearchJob(views, search, cancellation);
        Queue.Add(job);
        return new Encodings(await job.Result, job.Found);
    }

    /// <summary>Does something by itself on the model's thread.</summary>
    public async Task<TResult> Call<TResult>(Func<LoadedModel, TResult> call, CancellationToken cancellation)
    {
        var job = new CallJob<TResult>(call, cancellation);
        Queue.Add(job);
        return await job.Result;
    }

    /// <summary>The ids of a description, cut as the model was trained to read it.</summary>
    public int[] Description(QueryEntity entity) => Model.Wording.Description(entity.Description);

    /// <summary>The ids of a relation in the direction it is read.</summary>
    public int[] RelationOf(int directedRelation) => Model.Wording.Relation(Graph.DirectedRelationText(directedRelation));

    /// <summary>What is sought for a query.</summary>
    public SearchRequest Search(QueryEntity entity, int directedRelation, int top, bool withKnown = true) =>
        new(entity.Entity, entity.Entity is { } known && !Catalog.IsAdded(known)
            ? Facts.Answers(known, directedRelation) : [], top, withKnown);

    /// <summary>The split that holds a fact.</summary>
    public string? SplitOf(int? entity, int directedRelation, int answer) =>
        entity is { } known && !Catalog.IsAdded(known) && !Catalog.IsAdded(answer) ? Facts.Of(known, directedRelation, answer) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Index.Dispose();
        Model.Dispose();
    }
}
