using Kalm.Language.Execution;
using Kalm.Language.Sources.Config;

namespace Kalm.Benchmarks;

/// <summary>Floating-point operations in matrix products, forward and backward (three times forward), of real tokens only.</summary>
/// <param name="Body">6 x the body's parameters x tokens.</param>
/// <param name="Attention">Scores and mixtures of the pairs of tokens that see each other.</param>
/// <param name="Head">The language-model head over the labels.</param>
/// <param name="Skipped">The part of <paramref name="Body"/> that is not computed: the last layer behind attention, for tokens that are not
/// read.</param>
internal sealed record ProductWork(double Body, double Attention, double Head, double Skipped)
{
    /// <summary>As the usual formula counts.</summary>
    public double Total => Body + Attention + Head;

    /// <summary>What is really computed.</summary>
    public double Computed => Total - Skipped;

    public static ProductWork Of(ModelConfig config, long body, IReadOnlyList<TokenRow> forest, IReadOnlyList<TokenRow> prompts)
    {
        var rows = forest.Concat(prompts).ToList();
        var width = (double)config.HeadCount * config.HeadDimension;
        var unread = rows.Sum(row => (long)row.Length - row.Reads.Length);
        return new ProductWork(
            6.0 * body * rows.Sum(row => (long)row.Length),
            12 * width * config.LayerCount * rows.Sum(VisiblePairs),
            6.0 * config.HiddenSize * config.VocabularySize * prompts.Sum(row => row.Reads.Length),
            6.0 * config.HiddenSize * (width + 3.0 * config.IntermediateSize) * unread);
    }

    /// <summary>A token sees the prefix and its own branch up to itself.</summary>
    private static long VisiblePairs(TokenRow row)
    {
        var prefix = row.Segments.Count(segment => segment == 0);
        var branches = row.Segments.Where(segment => segment != 0).GroupBy(segment => segment).Select(branch => (long)branch.Count());
        return Triangle(prefix) + branches.Sum(length => length * prefix + Triangle(length));

        static long Triangle(long length) => length * (length + 1) / 2;
    }
}
