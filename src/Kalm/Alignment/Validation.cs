using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>Filtered completion on a fixed sample of the valid split, all entities as candidates, train and valid facts removed:
/// what chooses the checkpoint. The test split is never looked at.</summary>
public sealed class Validation
{
    private readonly DecoderPool decoder;
    private readonly KnowledgeGraph graph;
    private readonly TextIndex texts;
    private readonly IReadOnlyList<CompletionQuery> queries;
    private readonly KnownFacts known;

    /// <summary>Draws the sample.</summary>
    public Validation(DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, AlignmentOptions options)
    {
        (this.decoder, this.graph, this.texts) = (decoder, graph, texts);
        queries = CompletionQuery.Of(graph, CompletionQuery.Sample(graph.Valid, options.Budget.ValidationTriples, options.Seed));
        known = new KnownFacts(graph, graph.Train, graph.Valid);
    }

    /// <summary>Whether there is anything to validate on.</summary>
    public bool IsPossible => queries.Count > 0;

    /// <summary>Ranks the sample with the model as it stands.</summary>
    /// <param name="progress">Told how far it has come; may be null.</param>
    /// <param name="cancellation">Stops it.</param>
    public CompletionMetrics Measure(IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        var relay = progress is null ? null : new Relay(progress);
        var ranked = CompletionEvaluation.Rank(decoder, graph, texts, queries, known, relay, cancellation);
        return CompletionMetrics.Of(ranked.Select(item => item.Rank))!;
    }

    private sealed class Relay(IProgress<ProgressEvent> progress) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) =>
            progress.Report(new ProgressStage($"validating, {value.Stage}", value.Done, value.Total));
    }
}
