using Kalm.Engine;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment.Losses;

/// <summary>Explicit alignment: the contrastive loss between the vectors of queries and of their answers (KaLM, arXiv
/// 2412.04948).</summary>
/// <param name="model">What learns.</param>
/// <param name="texts">The graph's texts.</param>
/// <param name="options">The options.</param>
/// <param name="states">What frozen lower layers made of the views; null where nothing is kept of that. Not owned.</param>
internal sealed class ExplicitLoss(AlignmentModel model, TextIndex texts, AlignmentOptions options, ViewStates? states = null)
    : IAlignmentLoss
{
    /// <inheritdoc/>
    public string Name => "explicit";

    /// <inheritdoc/>
    public double Weight => options.Explicit.Weight;

    /// <inheritdoc/>
    public LossReport? Add(StepBatch batch)
    {
        using var scope = NewDisposeScope();
        var rows = batch.Rows;
        var forest = new Forest(texts, rows.Columns, rows.Queries, TokenDropout(batch.Step), states);
        using var pass = model.Decoder.Forward(
            forest.Rows, Randomness.Seed(options.Seed, "dropout", batch.Step), options.Batches.GradientCache);
        var vectors = Encoder.UnitLength(pass.States);
        var queries = vectors.index_select(0, Reads(rows.Queries, forest.QueryRead));
        var tails = vectors.index_select(0, Reads(rows.Columns, forest.EntityRead));
        var shares = options.Explicit.MultiPositive ? (rows.QueryShares, rows.ColumnShares) : ((float[], float[])?)null;
        var (loss, correct) = new ContrastiveLoss(
            rows, options.Explicit.Margin, batch.OwnHeads ? options.Explicit.SelfNegativeWeight : 0, options.Explicit.LogqCorrection)
            .Compute(queries, tails, model.LogInverseTemperature, shares);
        if (Weight == 1)
        {
            loss.backward();
        }
        else
        {
            using var weight = Weight.ToScalar();
            loss.mul(weight).backward();
        }
        pass.Backward();
        return new LossReport(loss.ReadNumber(), forest.TokenCount, (long)correct.ReadNumber() / (double)rows.Queries.Length);

        Tensor Reads<T>(T[] texts, Func<T, int> read) =>
            tensor(Array.ConvertAll(texts, text => (long)read(text)), device: vectors.device);
    }

    // Both views of an entity lose the same tokens, since they share its description.
    private Func<int[], int[]>? TokenDropout(int step)
    {
        if (options.Batches.TokenDropout == 0)
            return null;
        var random = Randomness.For(options.Seed, "token dropout", step);
        return description =>
        {
            var kept = Array.FindAll(description, _ => random.NextDouble() >= options.Batches.TokenDropout);
            return kept.Length > 0 ? kept : description;
        };
    }
}
