using Kalm.Distributed;
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
/// <param name="ranks">Who shares the trees; every rank computes the loss over all vectors.</param>
/// <param name="states">What frozen lower layers made of the views; null where nothing is kept of that. Not owned.</param>
/// <param name="bank">Candidates of earlier steps, and the train facts that tell answers among them; null for none. Not owned.</param>
internal sealed class ExplicitLoss(
    AlignmentModel model, TextIndex texts, AlignmentOptions options, ICollectives ranks, ViewStates? states = null,
    (CandidateBank Candidates, KnownTexts Known)? bank = null) : IAlignmentLoss
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
        using var pass = new SharedPass(
            model.Decoder, forest.Rows, Randomness.Seed(options.Seed, "dropout", batch.Step), options.Batches.GradientCache, ranks);
        var vectors = Encoder.UnitLength(pass.States);
        var queries = vectors.index_select(0, Reads(rows.Queries, forest.QueryRead));
        var tails = vectors.index_select(0, Reads(rows.Columns, forest.EntityRead));
        // Its gradient is the same on all ranks, and counts once.
        var temperature = ranks.IsFirst() ? model.LogInverseTemperature : model.LogInverseTemperature.detach();
        var (loss, correct) = Contrast(rows, batch.OwnHeads).Compute(queries, tails, temperature, Shares(rows));
        if (bank is not null && AgainstBank(rows, queries, batch.OwnHeads) is { } further)
            loss = loss.Plus(further);
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
        bank?.Candidates.Add(rows.Columns, tails);
        return new LossReport(
            ranks.IsFirst() ? loss.ReadNumber() : 0, forest.TokenCount, (long)correct.ReadNumber() / (double)rows.Queries.Length);

        Tensor Reads<T>(T[] texts, Func<T, int> read) =>
            tensor(Array.ConvertAll(texts, text => (long)read(text)), device: vectors.device);
    }

    // The answer too has the vector of an earlier step: against one of this step the step would be learned, not the entity.
    private Tensor? AgainstBank(ContrastiveBatch batch, Tensor queries, bool ownHeads)
    {
        var (candidates, known) = bank!.Value;
        var place = candidates.Texts.Index().ToDictionary(item => item.Item, item => (long)item.Index);
        int[] held = [.. Enumerable.Range(0, batch.Queries.Length).Where(row => place.ContainsKey(batch.Columns[batch.Targets[row]]))];
        if (held.Length == 0)
            return null;
        using var scope = NewDisposeScope();
        var against = new ContrastiveBatch(texts, known, [.. held.Select(row => batch.Rows[row])], candidates.Texts);
        var columns = candidates.Vectors.index_select(
            0, tensor(Array.ConvertAll(against.Columns, column => place[column]), device: queries.device));
        using var weight = options.Explicit.BankWeight.ToScalar();
        return Contrast(against, ownHeads)
            .ComputeRows(queries.index_select(0, tensor(Array.ConvertAll(held, row => (long)row), device: queries.device)), columns,
                model.LogInverseTemperature.detach(), Shares(against)?.Rows)
            .mul(weight).MoveToOuterDisposeScope();
    }

    private ContrastiveLoss Contrast(ContrastiveBatch batch, bool ownHeads) => new(
        batch, options.Explicit.Margin, ownHeads ? options.Explicit.SelfNegativeWeight : 0, options.Explicit.LogqCorrection);

    private (float[] Rows, float[] Columns)? Shares(ContrastiveBatch batch) =>
        options.Explicit.MultiPositive ? (batch.QueryShares, batch.ColumnShares) : null;

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
