using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>Filtered completion on a fixed sample of the valid split, all entities as candidates, or a fixed sample of those of a large
/// graph, train and valid facts removed: what chooses the checkpoint. The test split is never looked at.</summary>
public sealed class Validation
{
    private readonly DecoderPool decoder;
    private readonly KnowledgeGraph graph;
    private readonly TextIndex texts;
    private readonly IReadOnlyList<CompletionQuery> queries;
    private readonly KnownFacts known;
    private readonly int[]? candidates;
    private readonly ICollectives ranks;

    private const int AllUpTo = 200_000;
    private const int OfMore = 50_000;

    /// <summary>Draws the sample.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">Its texts as the model sees them.</param>
    /// <param name="options">How large the sample is, and its seed.</param>
    /// <param name="ranks">Who shares the encoding; null for this process alone.</param>
    public Validation(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, AlignmentOptions options, ICollectives? ranks = null)
    {
        (this.decoder, this.graph, this.texts, this.ranks) = (decoder, graph, texts, ranks ?? Alone.Instance);
        queries = CompletionQuery.Of(graph, CompletionQuery.Sample(graph.Valid, options.Budget.ValidationTriples, options.Seed));
        known = new KnownFacts(graph, graph.Train, graph.Valid);
        var among = options.Budget.ValidationCandidates ?? (graph.Entities.Count <= AllUpTo ? graph.Entities.Count : OfMore);
        if (among < graph.Entities.Count)
            candidates = Sample(among, options.Seed);
    }

    /// <summary>What is measured, where it is not the rank among all entities; null where it is.</summary>
    public string? Note => candidates is null ? null
        : $"validation ranks among {candidates.Length:N0} of {graph.Entities.Count:N0} entities, the answers among them "
            + "(budget.validation_candidates); evaluate completion ranks among all";

    /// <summary>Whether there is anything to validate on.</summary>
    public bool IsPossible => queries.Count > 0;

    /// <summary>Ranks the sample with the model as it stands.</summary>
    /// <param name="progress">Told how far it has come; may be null.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>What came of it; null on other ranks than the first, which encoded their share.</returns>
    public CompletionMetrics? Measure(IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        var relay = progress is null ? null : new Relay(progress);
        var ranked = candidates is null
            ? CompletionEvaluation.Rank(decoder, graph, texts, queries, known, relay, cancellation, ranks: ranks)
            : CompletionEvaluation.RankAmong(decoder, texts, queries, known, candidates, relay, cancellation, ranks);
        return CompletionMetrics.Of(ranked.Select(item => item.Rank));
    }

    private int[] Sample(int count, long seed)
    {
        var drawn = queries.Select(query => query.Answer).ToHashSet();
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        while (drawn.Count < count)
            drawn.Add(random.Next(graph.Entities.Count));
        return [.. drawn.Order()];
    }

    private sealed class Relay(IProgress<ProgressEvent> progress) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) =>
            progress.Report(new ProgressStage($"validating, {value.Stage}", value.Done, value.Total));
    }
}
