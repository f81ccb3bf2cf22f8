using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Losses of a language model: each pass adds its gradient to what a pool learns, block by block, and within one a portion of the
/// logits at a time.</summary>
public static class LanguageModelLoss
{
    /// <summary>Adds the gradient of the weighted mean negative log-likelihood of the labels that follow the reads.</summary>
    /// <param name="pool">What learns.</param>
    /// <param name="rows">At least one row.</param>
    /// <param name="labels">For each row, the token that should follow each of its reads.</param>
    /// <param name="weight">The weight of the mean in the loss.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <param name="shares">How much each label counts in the mean; null counts all the same.</param>
    /// <returns>The mean negative log-likelihood in nats a label.</returns>
    public static double LanguageModelPass(
        this DecoderPool pool, IReadOnlyList<TokenRow> rows, IReadOnlyList<int[]> labels,
        double weight, long seed, IReadOnlyList<float[]>? shares = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        var total = shares?.Sum(row => row.Sum(share => (double)share)) ?? labels.Sum(row => (long)row.Length);
        return pool.SumOverBlocks(rows, seed, (_, decoder, numbers, block) =>
        {
            var states = decoder.Read(decoder.Embed(block.Tokens), block);
            long[] ids = [.. numbers.SelectMany(row => labels[row]).Select(label => (long)label)];
            float[]? parts = shares is null ? null : [.. numbers.SelectMany(row => shares[row])];
            return HeadPortions.Backward(decoder, states, pool.ShapeMultiple, (logits, start, count) =>
                decoder.Kernels.LabelGradient(logits, ids[start..(start + count)], parts?[start..(start + count)], weight / total));
        }) / total;
    }

    /// <summary>Adds the gradient of the weighted mean divergence from another model's next-token distributions, KL(other || this)
    /// (knowledge distillation, arXiv 1503.02531).</summary>
    /// <param name="pool">What learns.</param>
    /// <param name="rows">At least one row.</param>
    /// <param name="other">The other model, with the same vocabulary, run by as many workers; nothing of it learns.</param>
    /// <param name="expected">For each row the other model's states at its reads, [reads, hidden], from
    /// <see cref="DecoderPool.Read"/>.</param>
    /// <param name="weight">The weight of the mean in the loss.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <returns>The mean divergence in nats a read.</returns>
    public static double DivergencePass(
        this DecoderPool pool, IReadOnlyList<TokenRow> rows, DecoderPool other, IReadOnlyList<Tensor> expected, double weight, long seed)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(other);
        var total = rows.Sum(row => (long)row.Reads.Length);
        return pool.SumOverBlocks(rows, seed, (worker, decoder, numbers, block) =>
        {
            var states = decoder.Read(decoder.Embed(block.Tokens), block);
            var target = cat([.. numbers.Select(row => expected[row])]);
            return Divergence.Backward(decoder, states, other.DecoderOf(worker), target, weight / total);
        }) / total;
    }
}
