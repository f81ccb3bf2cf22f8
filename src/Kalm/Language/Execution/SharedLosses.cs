using Kalm.Distributed;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Losses of a language model whose rows the ranks share: each adds its part of the gradient, and the parts of the mean add up to
/// it.</summary>
internal static class SharedLosses
{
    /// <summary>This rank's part of <see cref="LanguageModelLoss.LanguageModelPass"/>.</summary>
    /// <returns>Its part of the mean, in nats a label; 0 where it has no row.</returns>
    /// <inheritdoc cref="LanguageModelLoss.LanguageModelPass" path="/param"/>
    public static double LanguageModelPart(
        this ICollectives ranks, DecoderPool pool, IReadOnlyList<TokenRow> rows, IReadOnlyList<int[]> labels, double weight, long seed,
        IReadOnlyList<float[]>? shares)
    {
        var own = Own(ranks, rows);
        var part = own.Sum(Size) / Enumerable.Range(0, rows.Count).Sum(Size);
        return own.Length == 0 ? 0 : part * pool.LanguageModelPass(
            Of(rows, own), Of(labels, own), weight * part, seed + ranks.Rank, shares is null ? null : Of(shares, own));

        double Size(int row) => shares is null ? labels[row].Length : shares[row].Sum(share => (double)share);
    }

    /// <summary>This rank's part of <see cref="LanguageModelLoss.DivergencePass"/>.</summary>
    /// <returns>Its part of the mean, in nats a read; 0 where it has no row.</returns>
    /// <inheritdoc cref="LanguageModelLoss.DivergencePass" path="/param"/>
    public static double DivergencePart(
        this ICollectives ranks, DecoderPool pool, IReadOnlyList<TokenRow> rows, DecoderPool other, IReadOnlyList<Tensor> expected,
        double weight, long seed)
    {
        var own = Own(ranks, rows);
        var part = own.Sum(row => (double)rows[row].Reads.Length) / rows.Sum(row => (double)row.Reads.Length);
        return own.Length == 0 ? 0
            : part * pool.DivergencePass(Of(rows, own), other, Of(expected, own), weight * part, seed + ranks.Rank);
    }

    private static int[] Own(ICollectives ranks, IReadOnlyList<TokenRow> rows) =>
        Shares.Of([.. rows.Select(row => row.Length)], ranks.Count)[ranks.Rank];

    private static T[] Of<T>(IReadOnlyList<T> items, int[] own) => Array.ConvertAll(own, item => items[item]);
}
