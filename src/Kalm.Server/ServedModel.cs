using System.Runtime.CompilerServices;
using Kalm.Completion;
using Kalm.Extensions;
using Kalm.Extensions.Inference;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Http;
using Kalm.Server.Inference;

namespace Kalm.Server;

/// <summary>All that requests need once the model is loaded; what needs the index refuses with 503 until that is there. Safe to use from
/// several threads: what touches tensors goes through the queue.</summary>
/// <param name="Model">The model; its tensors belong to the model's thread.</param>
/// <param name="Chats">Puts chats into its words.</param>
/// <param name="Queue">Where jobs go.</param>
internal sealed record ServedModel(LoadedModel Model, ChatWording Chats, JobQueue Queue) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private volatile Completer? completer;
    private SharedChanges? changes;

    /// <summary>Whether the index is there.</summary>
    public bool HasIndex => completer is not null;

    /// <summary>Completes triples; its tensors belong to the model's thread.</summary>
    /// <exception cref="ApiException">503: the index is being made.</exception>
    public Completer Completer => completer ?? throw ApiException.IndexNotReady();

    /// <summary>Changes entities and facts.</summary>
    /// <exception cref="ApiException">503: the index is being made.</exception>
    public SharedChanges Changes => HasIndex
        ? LazyInitializer.EnsureInitialized(ref changes, () => new SharedChanges(this)) : throw ApiException.IndexNotReady();

    /// <summary>The number of values in a vector.</summary>
    public int Width => Model.Model.Config.HiddenSize;

    /// <summary>The graph.</summary>
    public KnowledgeGraph Graph => Completer.Graph;

    /// <summary>Its entities and what was said of facts, after all changes.</summary>
    public Catalog Catalog => Completer.Catalog;

    /// <summary>Their vectors.</summary>
    public EntityIndex Index => Completer.Index;

    /// <summary>Takes the index, once; owned from here on.</summary>
    public void Take(Completer made) => completer = made;

    /// <summary>Encodes views and seeks entities.</summary>
    public async Task<Encodings> Encode(
        IReadOnlyList<ViewRequest> views, IReadOnlyList<SearchRequest> search, CancellationToken cancellation)
    {
        var job = new SearchJob(views, search, cancellation);
        Queue.Add(job);
        return new Encodings(await job.Result, job.Found);
    }

    /// <summary>Encodes any number of views, a portion at a time; others get their turn between two.</summary>
    /// <returns>The vectors, in the order of the views.</returns>
    public async IAsyncEnumerable<float[]> EncodeAll(
        IReadOnlyList<ViewRequest> views, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var isBegun = false;
        foreach (var portion in ViewPortions.Of(views))
        {
            var job = new EncodingJob(portion, cancellation);
            // A queue that is full refuses a request, but not one that has come in already.
            while (!TryAdd(job, isBegun))
                await Task.Delay(Pause, cancellation);
            foreach (var vector in await job.Result)
                yield return vector;
            isBegun = true;
        }
    }

    private bool TryAdd(Job job, bool waits)
    {
        try
        {
            Queue.Add(job);
            return true;
        }
        catch (ModelUnavailableException error) when (waits && error.IsBusy)
        {
            return false;
        }
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
        changes?.Dispose();
        completer?.Dispose();
        Model.Dispose();
    }
}
