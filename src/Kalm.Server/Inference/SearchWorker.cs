using Kalm.Completion;
using Kalm.Extensions.Inference;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Server.Inference;

/// <summary>Views to encode, and entities to seek with the last of them.</summary>
/// <param name="views">The views.</param>
/// <param name="search">What is sought with the last vectors, one request each, in their order.</param>
/// <param name="cancellation">Cancelled when nobody waits for it any more.</param>
internal sealed class SearchJob(IReadOnlyList<ViewRequest> views, IReadOnlyList<SearchRequest> search, CancellationToken cancellation)
    : EncodingJob(views, cancellation)
{
    /// <summary>What is sought.</summary>
    public IReadOnlyList<SearchRequest> Search => search;

    /// <summary>What each search found, once there is a result.</summary>
    public IReadOnlyList<SearchResult> Found { get; set; } = [];
}

/// <summary>What a search job gives.</summary>
/// <param name="Vectors">A vector for each view, in order.</param>
/// <param name="Found">What each search found.</param>
internal sealed record Encodings(IReadOnlyList<float[]> Vectors, IReadOnlyList<SearchResult> Found);

/// <summary>The model's thread of a server, which also searches: for all jobs together.</summary>
internal sealed class SearchWorker(
    ServedModel served, GenerationBatch batch, JobQueue queue, WorkerLimits limits, WorkerWatch watch, DecoderTurns turns)
    : ModelWorker(served.Model, batch, queue, limits, watch, turns)
{
    /// <inheritdoc/>
    protected override void Use(IReadOnlyList<EncodingJob> jobs, IReadOnlyList<int[]> reads, Tensor vectors)
    {
        var seeking = jobs.Zip(reads).Where(pair => pair.First is SearchJob { Search.Count: > 0 })
            .Select(pair => (Job: (SearchJob)pair.First, Reads: pair.Second)).ToList();
        if (seeking.Count == 0)
            return;
        var queries = seeking.SelectMany(item => item.Reads.TakeLast(item.Job.Search.Count)).Select(read => (long)read).ToArray();
        var found = new Queue<SearchResult>(served.Completer.Find(
            vectors.index_select(0, tensor(queries, device: vectors.device)), [.. seeking.SelectMany(item => item.Job.Search)]));
        foreach (var (job, _) in seeking)
            job.Found = [.. job.Search.Select(_ => found.Dequeue())];
    }
}
