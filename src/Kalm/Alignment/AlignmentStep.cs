using Kalm.Alignment.Losses;
using Kalm.Distributed;
using Kalm.Graph;
using Kalm.Language.Training;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The numbers of one step.</summary>
/// <param name="Loss">The joint loss.</param>
/// <param name="Terms">Each term of it that the step had, by name, not weighed.</param>
/// <param name="Temperature">tau after the step.</param>
/// <param name="Accuracy">The share of rows whose answer outscores every other column of the batch; null without the explicit loss.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Tokens through the body, prompts included, padding not.</param>
/// <param name="Traffic">What this rank gave to the others; null where it is alone.</param>
internal sealed record StepReport(
    double Loss, IReadOnlyList<KeyValuePair<string, double>> Terms, double Temperature, double? Accuracy, double GradientNorm, int Tokens,
    Traffic? Traffic);

/// <summary>One training step: batch, the terms of the loss with their gradients, clip, update. Ranks share its rows, and take the same
/// update.</summary>
internal sealed class AlignmentStep(
    AlignmentModel model, KnowledgeGraph graph, TextIndex texts, KnownTexts known, AlignmentOptions options, AdamW optimizer,
    IReadOnlyList<IAlignmentLoss> losses, ICollectives ranks)
{
    private readonly RowSampler sampler = new(graph, options.Batches.Triples, options.Batches.BothDirections, options.Seed);

    private readonly InducedFacts? induced =
        options.Batches.InducedFacts ? new InducedFacts(graph) : null;

    /// <summary>Triples a step.</summary>
    public int BatchSize { get; } = Math.Min(options.Batches.Triples, graph.Asked.Count);

    /// <summary>The rows and columns of a step.</summary>
    public ContrastiveBatch Batch(int step)
    {
        var drawn = sampler.Batch(step);
        return new ContrastiveBatch(texts, known, induced?.AddTo(drawn) ?? drawn) { Drawn = drawn.Count };
    }

    /// <summary>Takes one step.</summary>
    /// <param name="step">The step's number, from 0.</param>
    /// <param name="rate">Its learning rate.</param>
    /// <param name="ownHeads">Whether a query's own head counts among its negatives.</param>
    /// <exception cref="KalmException">The loss or the gradient is not finite; nothing was updated.</exception>
    public StepReport Take(int step, double rate, bool ownHeads)
    {
        using var scope = NewDisposeScope();
        var before = ranks.Traffic;
        var batch = new StepBatch(step, Batch(step), ownHeads);
        model.Decoder.ZeroGradients();
        var parts = new List<(IAlignmentLoss Term, LossReport Report)>();
        foreach (var term in losses)
            if (term.Weight != 0 && term.Add(batch) is { } report)
                parts.Add((term, report));
        var values = ranks.Totals([.. parts.Select(part => part.Report.Value)]);
        var loss = parts.Zip(values, (part, value) => part.Term.Weight * value).Sum();
        var gradient = model.Decoder.SumGradients();
        ranks.Sum(gradient);
        var norm = AdamW.Clip(gradient, options.Optimizer.ClipNorm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new KalmException(
                $"step {step}: the loss is {loss} and the gradient's norm {norm}; expected finite numbers\n"
                + $"the batch begins with {Describe(batch.Rows.Rows[0])}; nothing was updated: try a lower optimizer.learning_rate");
        optimizer.Step(gradient, rate);
        model.ClampTemperature();
        return new StepReport(
            loss, [.. parts.Zip(values, (part, value) => KeyValuePair.Create(part.Term.Name, value))], model.Temperature,
            parts.Select(part => part.Report.Accuracy).FirstOrDefault(accuracy => accuracy is not null), norm,
            parts.Sum(part => part.Report.Tokens), ranks.Count == 1 ? null : ranks.Traffic.Since(before));
    }

    private string Describe(DirectedRow row) =>
        $"{graph.Entities[row.Head].Id}, {graph.DirectedRelationText(row.DirectedRelation)}, {graph.Entities[row.Tail].Id}";
}
