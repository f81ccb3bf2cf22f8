using Kalm.Completion;
using Kalm.Extensions.Inference;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Inference;

namespace Kalm.Server;

/// <summary>All that requests need once it is loaded. Safe to use from several threads: what touches tensors goes through the
/// queue.</summary>
/// <param name="Completer">Completes triples; its tensors belong to the model's thread.</param>
/// <param name="Chats">Puts chats into its words.</param>
/// <param name="Queue">Where jobs go.</param>
internal sealed record ServedModel(Completer Completer, ChatWording Chats, JobQueue Queue) : IDisposable
{
    private SharedChanges? changes;

    /// <summary>Changes entities and facts.</summary>
    public SharedChanges Changes => LazyInitializer.EnsureInitialized(ref changes, () => new SharedChanges(this));

    /// <summary>The model; its tensors belong to the model's thread.</summary>
    public LoadedModel Model => Completer.Model;

    /// <summary>The graph.</summary>
    public KnowledgeGraph Graph => Completer.Graph;

    /// <summary>Its entities and what was said of facts, after all changes.</summary>
    public Catalog Catalog => Completer.Catalog;

    /// <summary>Their vectors.</summary>
    public EntityIndex Index => Completer.Index;

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

    /// <inheritdoc/>
    public void Dispose()
    {
        var model = Model;
        changes?.Dispose();
        Completer.Dispose();
        model.Dispose();
    }
}
