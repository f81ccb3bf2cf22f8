using System.Diagnostics;
using Kalm.Cli.Progress;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>The queries of a split with their ranks.</summary>
/// <param name="Ranked">As asked for.</param>
/// <param name="Before">Before they were re-ranked; null where they were not.</param>
/// <param name="Seconds">How long it took, without loading the model.</param>
internal sealed record RankedSplit(IReadOnlyList<RankedQuery> Ranked, IReadOnlyList<RankedQuery>? Before, double Seconds);

/// <summary>How the queries of a split are ranked, the same for every verb that does it.</summary>
/// <param name="Graph">The graph, whose facts of all splits are left out.</param>
/// <param name="Queries">The queries.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Threads">CPU threads; null takes all cores.</param>
internal sealed record SplitRanking(KnowledgeGraph Graph, IReadOnlyList<CompletionQuery> Queries, string Device, int? Threads)
{
    /// <summary>The entities to rank among; null for all.</summary>
    public IReadOnlyCollection<int>? Candidates { get; init; }

    /// <summary>Whether the run's re-ranker has the last word.</summary>
    public bool Reranks { get; init; }

    /// <summary>The folder that keeps the entities' vectors; null takes those of the index where it is there.</summary>
    public string? Kept { get; init; }

    /// <summary>Where indices are kept; null for the model's own place.</summary>
    public string? Index { get; init; }

    /// <summary>Who shares the encoding.</summary>
    public ICollectives Ranks { get; init; } = Alone.Instance;

    /// <summary>Ranks with a model; on other ranks than the first nothing comes of it.</summary>
    /// <param name="opened">The model; disposed with what is loaded of it.</param>
    /// <param name="progress">Told how far the work has come.</param>
    /// <param name="cancellation">Stops it.</param>
    public RankedSplit Rank(OpenedModel opened, ProgressView progress, CancellationToken cancellation)
    {
        foreach (var warning in Graph.Warnings)
            progress.Note(warning);
        if (!opened.IsAligned)
            progress.Note($"{opened.Given}: not an aligned model; it is evaluated as it is, with the default wording");
        using var loaded = VerbInputs.Load(opened, Device, Threads, progress);
        var clock = Stopwatch.StartNew();
        var known = new KnownFacts(Graph, Graph.Train, Graph.Valid, Graph.Test);
        var texts = new TextIndex(Graph, loaded.Wording);
        using var reranker = Reranks && Ranks.IsFirst() ? Reranker.Open(loaded, Graph, texts) : null;
        var depth = reranker?.Description.Shape.Depth ?? 0;
        using var vectors = Kept is { } folder ? Keep(folder, loaded, texts, progress, cancellation)
            : Ranks.IsFirst() ? Indexed(loaded, texts, progress) : null;
        var found = Ranks.FromFirst(() => vectors is not null)
            ? CompletionEvaluation.Rank(
                loaded.Decoder, Graph, texts, vectors, Queries, known, progress, cancellation, Candidates, depth, Ranks)
            : CompletionEvaluation.Rank(loaded.Decoder, Graph, texts, Queries, known, progress, cancellation, Candidates, depth, Ranks);
        if (reranker is null)
            return new RankedSplit(found, null, clock.Elapsed.TotalSeconds);
        if (reranker.Refusal is { } refusal)
            progress.Note(refusal);
        return new RankedSplit(reranker.Rank(found, progress, cancellation), found, clock.Elapsed.TotalSeconds);
    }

    private IEntityVectors? Indexed(LoadedModel loaded, TextIndex texts, ProgressView progress)
    {
        var vectors = EntityIndex.Find(Index ?? EntityIndex.RootOf(loaded.Opened), loaded, Graph, texts, out var folder);
        if (vectors is not null)
            progress.Note($"takes the entities' vectors of the index in {folder}");
        else if (Index is not null)
            progress.Note($"--index: found no index in {folder}; the entities are encoded (complete and serve make it)");
        return vectors;
    }

    private VectorFile? Keep(
        string folder, LoadedModel loaded, TextIndex texts, ProgressView progress, CancellationToken cancellation)
    {
        if (!Ranks.IsFirst())
        {
            VectorEncoding.Entities(null, loaded.Decoder, texts, null, cancellation, ranks: Ranks);
            return null;
        }
        var vectors = VectorFile.Open(
            folder, VectorKey.Of(loaded.Opened, Graph), texts.Descriptions.Count, loaded.Model.Config.HiddenSize);
        try
        {
            if (vectors.Done > 0)
                progress.Note(vectors.IsComplete ? $"takes the vectors of {vectors.Count:N0} texts from {folder}"
                    : $"goes on at {vectors.Done:N0} of {vectors.Count:N0} texts, kept in {folder}");
            VectorEncoding.Entities(vectors, loaded.Decoder, texts, progress, cancellation, ranks: Ranks);
            return vectors;
        }
        catch (Exception error)
        {
            if (error is OperationCanceledException)
                progress.Note($"{vectors.Done:N0} of {vectors.Count:N0} texts are kept in {folder}; the same command goes on with them");
            vectors.Dispose();
            throw;
        }
    }
}
