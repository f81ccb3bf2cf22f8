using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Training;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The numbers of one step.</summary>
/// <param name="Loss">The joint loss.</param>
/// <param name="Explicit">The contrastive loss.</param>
/// <param name="Implicit">The mean negative log-likelihood of the responses, in nats a token (each prompt's own mean first where prompts count equally); null when it was not computed.</param>
/// <param name="Replay">The mean negative log-likelihood of plain text, in nats a token; null when there was none.</param>
/// <param name="Temperature">tau after the step.</param>
/// <param name="Accuracy">The share of rows whose answer outscores every other column of the batch.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Tokens through the body, prompts included, padding not.</param>
public sealed record StepReport(
    double Loss, double? Explicit, double? Implicit, double? Replay, double Temperature, double? Accuracy, double GradientNorm, int Tokens);

/// <summary>One training step: batch, forest, both losses, backward, clip, update.</summary>
internal sealed class AlignmentStep(
    AlignmentModel model, KnowledgeGraph graph, TextIndex texts, KnownTexts known, AlignmentOptions options, AdamW optimizer,
    ReplayText? replay = null)
{
    private readonly RowSampler sampler = new(graph, options.Batch, options.BothDirections, options.Seed);

    private readonly PromptSampler promptSampler = new(graph, texts, options);

    /// <summary>Triples a step.</summary>
    public int BatchSize { get; } = Math.Min(options.Batch, graph.Train.Count);

    /// <summary>The rows and columns of a step.</summary>
    public ContrastiveBatch Batch(int step) => new(texts, known, sampler.Batch(step));

    /// <summary>The prompts of a step; null where it has none.</summary>
    public PromptRows? Prompts(int step, ContrastiveBatch batch)
    {
        var count = (int)Math.Round(options.ImplicitShare * batch.Queries.Length);
        if (options.ImplicitWeight == 0 || count == 0)
            return null;
        var rows = Enumerable.Range(0, batch.Queries.Length).ToArray();
        Randomness.For(options.Seed, "prompts", step).Shuffle(rows);
        var random = Randomness.For(options.Seed, "prompt forms", step);
        return PromptRows.Pack([.. rows.Take(count).Select(row => promptSampler.Make(batch.Rows[row], random))]);
    }

    /// <summary>Takes one step.</summary>
    /// <param name="step">The step's number, from 0.</param>
    /// <param name="rate">Its learning rate.</param>
    /// <param name="ownHeads">Whether a query's own head counts among its negatives.</param>
    /// <exception cref="KalmException">The loss or the gradient is not finite; nothing was updated.</exception>
    public StepReport Take(int step, double rate, bool ownHeads)
    {
        using var scope = NewDisposeScope();
        var batch = Batch(step);
        model.Decoder.ZeroGradients();
        var (contrastive, correct, tokens) = Explicit(step, batch, ownHeads);
        var (language, promptTokens) = Implicit(step, batch);
        var (plain, plainTokens) = Replay(step);
        var gradient = model.Decoder.SumGradients();
        var norm = AdamW.Clip(gradient, options.ClipNorm);
        var loss = options.ExplicitWeight * (contrastive ?? 0) + options.ImplicitWeight * (language ?? 0) + options.ReplayWeight * (plain ?? 0);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new KalmException(
                $"step {step}: the loss is {loss} and the gradient's norm {norm}; expected finite numbers\n"
                + $"the batch begins with {Describe(batch.Rows[0])}; nothing was updated: try a lower learning_rate");
        optimizer.Step(gradient, rate);
        model.ClampTemperature();
        return new StepReport(
            loss, contrastive, language, plain, model.Temperature, contrastive is null ? null : correct / (double)batch.Queries.Length, norm,
            tokens + promptTokens + plainTokens);
    }

    private (double? Loss, long Correct, int Tokens) Explicit(int step, ContrastiveBatch batch, bool ownHeads)
    {
        if (options.ExplicitWeight == 0)
            return (null, 0, 0);
        using var scope = NewDisposeScope();
        var forest = new Forest(texts, batch.Columns, batch.Queries, TokenDropout(step));
        using var pass = model.Decoder.Forward(forest.Rows, Randomness.Seed(options.Seed, "dropout", step), options.GradientCache);
        var vectors = Encoder.UnitLength(pass.States);
        var queries = vectors.index_select(0, Reads(batch.Queries, forest.QueryRead));
        var tails = vectors.index_select(0, Reads(batch.Columns, forest.EntityRead));
        var shares = options.MultiPositive ? (batch.QueryShares, batch.ColumnShares) : ((float[], float[])?)null;
        var (loss, correct) = new ContrastiveLoss(batch, options.Margin, ownHeads ? options.OwnHeadWeight : 0, options.FrequencyCorrection)
            .Compute(queries, tails, model.LogInverseTemperature, shares);
        if (options.ExplicitWeight == 1)
        {
            loss.backward();
        }
        else
        {
            using var weight = options.ExplicitWeight.ToScalar();
            loss.mul(weight).backward();
        }
        pass.Backward();
        return (loss.ReadNumber(), (long)correct.ReadNumber(), forest.TokenCount);

        Tensor Reads(IEnumerable<int> texts, Func<int, int> read) =>
            tensor(texts.Select(text => (long)read(text)).ToArray(), device: vectors.device);
    }

    // Both views of an entity lose the same tokens, since they share its description.
    private Func<int[], int[]>? TokenDropout(int step)
    {
        if (options.TokenDropout == 0)
            return null;
        var random = Randomness.For(options.Seed, "token dropout", step);
        return description =>
        {
            var kept = Array.FindAll(description, _ => random.NextDouble() >= options.TokenDropout);
            return kept.Length > 0 ? kept : description;
        };
    }

    private (double? Loss, int Tokens) Implicit(int step, ContrastiveBatch batch)
    {
        if (Prompts(step, batch) is not { } packed)
            return (null, 0);
        var loss = model.Decoder.LanguageModelPass(
            packed.Rows, packed.Labels, options.ImplicitWeight, Randomness.Seed(options.Seed, "prompt dropout", step),
            options.Prompts.EqualPrompts ? packed.Shares : null);
        return (loss, packed.Rows.Sum(row => row.Length));
    }

    private (double? Loss, int Tokens) Replay(int step)
    {
        if (replay is null || options.ReplayWeight == 0)
            return (null, 0);
        var (rows, labels) = replay.Of(step);
        return (model.Decoder.LanguageModelPass(rows, labels, options.ReplayWeight, Randomness.Seed(options.Seed, "replay dropout", step)), rows.Sum(row => row.Length));
    }

    private string Describe(DirectedRow row) =>
        $"{graph.Entities[row.Head].Id}, {graph.DirectedRelationText(row.DirectedRelation)}, {graph.Entities[row.Tail].Id}";
}
