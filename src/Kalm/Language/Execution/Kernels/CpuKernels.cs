using Kalm.Engine;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Hand-written operations for narrow models, each one pass over its numbers.</summary>
/// <param name="config">The architecture.</param>
/// <param name="team">Shares attention to caches; null where one thread does it. Not owned.</param>
internal sealed class CpuKernels(ModelConfig config, CoreTeam? team = null) : WideCpuKernels(config, team)
{
    /// <inheritdoc/>
    // Capped scores are the library's affair.
    public override bool IsPacking { get; } = config.ScoreCap is null;

    /// <inheritdoc/>
    public override Tensor RootMeanSquareNorm(Tensor states, Tensor weight, float epsilon) =>
        Kernels.RootMeanSquareNorm.Apply(states, weight, epsilon);

    /// <inheritdoc/>
    public override Tensor SwiGlu(Tensor gate, Tensor up) => Kernels.SwiGlu.Apply(gate, up);

    /// <inheritdoc/>
    public override Tensor AddDropped(Tensor states, Tensor added, Dropout dropout, Generator? randomness) =>
        randomness is null || dropout.Share == 0 ? states.Plus(added)
            : ResidualDropout.Apply(states, added, dropout.Share, Dropout.Seed(randomness));

    /// <inheritdoc/>
    public override double LabelGradient(Tensor logits, long[] labels, float[]? shares, double factor) =>
        NextTokenGradients.Labels(Numbers.Of(logits), (int)logits.shape[1], labels, shares, factor);

    /// <inheritdoc/>
    public override double DivergenceGradient(Tensor logits, Tensor expected, double factor) =>
        NextTokenGradients.Divergence(Numbers.Of(logits), Numbers.Of(expected), (int)logits.shape[1], factor);

    /// <inheritdoc/>
    public override bool Turns(TokenBlock block) => block.IsPacked || base.Turns(block);

    /// <inheritdoc/>
    public override Tensor Attend(Tensor query, Tensor key, Tensor value, AttentionLayer layer, DecoderPass pass) =>
        pass.Block.IsPacked
            ? TreeAttention.Apply(query, key, value, pass.Block.Plan(Config, layer.Window, layer.Rotary))
            : base.Attend(query, key, value, layer, pass);
}
