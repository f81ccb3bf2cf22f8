namespace Kalm;

/// <summary>What a long piece of work tells while it runs.</summary>
public abstract record ProgressEvent;

/// <summary>Something worth a line.</summary>
/// <param name="Text">For people.</param>
public sealed record ProgressNote(string Text) : ProgressEvent;

/// <summary>How far a stage before or after training has come (reading, encoding, validating).</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Done">Items done.</param>
/// <param name="Total">Items in all; 1 where they are not counted.</param>
public sealed record ProgressStage(string Stage, int Done, int Total) : ProgressEvent
{
    /// <summary>A graph is being read.</summary>
    public static ProgressStage ReadingGraph { get; } = new("reading the graph", 0, 1);

    /// <summary>Weights are being loaded.</summary>
    public static ProgressStage LoadingModel { get; } = new("loading the model", 0, 1);

    /// <summary>Tokens encoded so far, where the items are texts; null elsewhere.</summary>
    public long? Tokens { get; init; }
}

/// <summary>A training step has ended.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps in all; null while a time budget is still being measured.</param>
/// <param name="Measures">Names and values, as they stand in metrics.jsonl.</param>
/// <param name="Rate">Items a second (triples, tokens), averaged over the last steps.</param>
/// <param name="RateUnit">What the rate counts.</param>
/// <param name="Remaining">The time left; null while unknown.</param>
public sealed record ProgressStep(
    int Step, int? TotalSteps, IReadOnlyList<KeyValuePair<string, double>> Measures,
    double Rate, string RateUnit, TimeSpan? Remaining) : ProgressEvent;
