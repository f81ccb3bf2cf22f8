using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>One layer: attention and feed-forward part, each with its norms, added to the states one after the other or side by
/// side.</summary>
internal sealed class DecoderLayer : IDisposable
{
    private readonly bool isParallel;
    private readonly IDecoderKernels kernels;
    private readonly Norm? attentionNorm;
    private readonly Norm? attentionOutputNorm;
    private readonly Norm? feedForwardNorm;
    private readonly Norm? feedForwardOutputNorm;
    private readonly Attention attention;
    private readonly FeedForward feedForward;
    private readonly Dropout dropout;
    private readonly Scalar? residualScale;

    /// <param name="config">The architecture.</param>
    /// <param name="weights">Gives the layer's norms and projections.</param>
    /// <param name="attention">The layer's attention; owned from here on.</param>
    /// <param name="dropout">Drops numbers of what is added; not owned.</param>
    /// <param name="kernels">What computes all but products; not owned.</param>
    public DecoderLayer(ModelConfig config, LayerWeights weights, Attention attention, Dropout dropout, IDecoderKernels kernels)
    {
        (this.attention, this.dropout, this.kernels, isParallel) = (attention, dropout, kernels, config.IsParallel);
        attentionNorm = weights.Norm("input_layernorm");
        attentionOutputNorm = weights.Norm("attention_output_norm");
        feedForwardNorm = weights.Norm("post_attention_layernorm");
        feedForwardOutputNorm = weights.Norm("mlp_output_norm");
        feedForward = new FeedForward(config, kernels, weights.Project);
        residualScale = config.ResidualMultiplier == 1 ? null : config.ResidualMultiplier.ToScalar();
    }

    /// <param name="states">[tokens, hidden].</param>
    /// <param name="pass">The pass.</param>
    /// <param name="reads">The only tokens whose states are wanted, or null for all: everything behind attention is computed for them
    /// alone.</param>
    /// <returns>[tokens or reads, hidden]; the caller owns it.</returns>
    public Tensor Run(Tensor states, DecoderPass pass, Tensor? reads)
    {
        using var scope = NewDisposeScope();
        var input = attentionNorm?.Apply(states) ?? states;
        var mixed = attention.Mix(input, pass);
        if (reads is not null)
        {
            mixed = mixed.index_select(0, reads);
            states = states.index_select(0, reads);
            if (isParallel)
                input = input.index_select(0, reads);
        }
        var before = states;
        states = Add(states, attention.Output(mixed, pass), attentionOutputNorm, pass);
        if (!isParallel)
            input = before = states;
        var fed = feedForward.Apply(feedForwardNorm?.Apply(before) ?? input, pass);
        return Add(states, fed, feedForwardOutputNorm, pass).MoveToOuterDisposeScope();
    }

    private Tensor Add(Tensor states, Tensor added, Norm? norm, DecoderPass pass)
    {
        added = norm?.Apply(added) ?? added;
        return kernels.AddDropped(states, residualScale is null ? added : added.mul(residualScale), dropout, pass.Randomness);
    }

    public void Dispose()
    {
        attention.Dispose();
        feedForward.Dispose();
        residualScale?.Dispose();
    }
}
