using Kalm.Engine;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution.Kernels;

/// <summary>The library's own operations, on any device.</summary>
internal class TorchKernels : IDecoderKernels
{
    private static readonly Scalar Hidden = double.NegativeInfinity.ToScalar();
    private readonly bool isShort;
    private readonly Scalar? queryScale;
    private readonly Scalar? scoreScale;
    private readonly Scalar? cap;

    /// <param name="config">The architecture.</param>
    /// <param name="isShort">Whether attention computes in BF16.</param>
    public TorchKernels(ModelConfig config, bool isShort = false)
    {
        (Config, this.isShort) = (config, isShort);
        // The library's attention divides by the root of the width by itself.
        var scale = config.ScoreFactor * Math.Sqrt(config.HeadDimension);
        queryScale = Math.Abs(scale - 1) < 1e-12 ? null : scale.ToScalar();
        cap = config.ScoreCap?.ToScalar();
        scoreScale = cap is null ? null : (config.ScoreFactor / config.ScoreCap!.Value).ToScalar();
    }

    /// <summary>The architecture.</summary>
    protected ModelConfig Config { get; }

    /// <inheritdoc/>
    public virtual bool IsPacking => false;

    /// <inheritdoc/>
    public virtual Tensor RootMeanSquareNorm(Tensor states, Tensor weight, float epsilon)
    {
        using var scope = NewDisposeScope();
        using var added = epsilon.ToScalar();
        var scale = (states * states).mean([-1], keepdim: true).Plus(added).rsqrt();
        return (states * scale * weight).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public virtual Tensor SwiGlu(Tensor gate, Tensor up)
    {
        using var scope = NewDisposeScope();
        return (functional.silu(gate) * up).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public virtual Tensor AddDropped(Tensor states, Tensor added, Dropout dropout, Generator? randomness)
    {
        using var scope = NewDisposeScope();
        return states.Plus(dropout.Apply(added, randomness)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public virtual bool Turns(TokenBlock block) => false;

    /// <inheritdoc/>
    public virtual Tensor Attend(Tensor query, Tensor key, Tensor value, AttentionLayer layer, DecoderPass pass)
    {
        if (pass.Block.Caches.Count == 0)
            return AttendTogether(query, key, value, layer, pass);
        using var scope = NewDisposeScope();
        return cat([.. pass.Block.Parts.Select((part, row) =>
        {
            var start = pass.Block.Starts[row];
            return AttendTogether(
                query.narrow(0, start, part.Length), key.narrow(0, start, part.Length), value.narrow(0, start, part.Length), layer,
                pass with { Block = part, Stretch = pass.Stretch?.narrow(1, start, part.Length) });
        })]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public virtual double LabelGradient(Tensor logits, long[] labels, float[]? shares, double factor)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var weight = factor.ToScalar();
        var asked = logits.narrow(0, 0, labels.Length);
        var label = tensor(labels, [labels.Length, 1], device: logits.device);
        var share = shares is null ? ones([labels.Length, 1], device: logits.device)
            : tensor(shares, [labels.Length, 1], device: logits.device);
        var logs = asked.log_softmax(1);
        var sum = logs.gather(1, label).mul(share).sum().neg();
        asked.copy_(logs.exp().scatter_add(1, label, ones_like(share).neg()).mul(share).mul(weight));
        logits.narrow(0, labels.Length, logits.shape[0] - labels.Length).zero_();
        return sum.ReadNumber();
    }

    /// <inheritdoc/>
    public virtual double DivergenceGradient(Tensor logits, Tensor expected, double factor)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var weight = factor.ToScalar();
        var (own, theirs) = (logits.log_softmax(1), expected.log_softmax(1));
        var wanted = theirs.exp();
        logits.copy_(own.exp().sub(wanted).mul(weight));
        return wanted.mul(theirs.sub(own)).sum().ReadNumber();
    }

    private Tensor AttendTogether(Tensor query, Tensor key, Tensor value, AttentionLayer layer, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var block = pass.Block;
        query = Heads(query, Config.HeadCount);
        if (pass.Stretch is { } stretch)
            query = query * stretch;
        query = query.transpose(1, 2);
        key = Heads(key, Config.KeyValueHeadCount).transpose(1, 2);
        value = Heads(value, Config.KeyValueHeadCount).transpose(1, 2);
        if (block.Cache is { } cache)
            (key, value) = cache.Append(layer.Index, key, value);
        (key, value) = (Repeat(key), Repeat(value));
        var mixed = cap is null ? Uncapped(query, key, value, layer, block) : Capped(query, key, value, layer, block);
        return mixed.transpose(1, 2).reshape(block.RowCount * block.Length, Config.HeadCount * Config.HeadDimension)
            .MoveToOuterDisposeScope();

        Tensor Heads(Tensor vectors, int heads) => vectors.view(block.RowCount, block.Length, heads, Config.HeadDimension);

        Tensor Repeat(Tensor heads) =>
            Config.KeyValueHeadCount == Config.HeadCount ? heads : heads.repeat_interleave(Config.HeadCount / Config.KeyValueHeadCount, 1);
    }

    private Tensor Uncapped(Tensor query, Tensor key, Tensor value, AttentionLayer layer, TokenBlock block)
    {
        var mask = block.Mask(layer.Window);
        // A single token sees all there is.
        var scaled = queryScale is null ? query : query.mul(queryScale);
        if (isShort)
            (scaled, key, value) = (scaled.bfloat16(), key.bfloat16(), value.bfloat16());
        return functional.scaled_dot_product_attention(scaled, key, value, mask, 0, mask is null && block.Length > 1)
            .to(ScalarType.Float32);
    }

    private Tensor Capped(Tensor query, Tensor key, Tensor value, AttentionLayer layer, TokenBlock block)
    {
        var scores = query.matmul(key.transpose(2, 3)).mul(scoreScale!).tanh().mul(cap!);
        var mask = block.Mask(layer.Window, always: true);
        return softmax(mask is null ? scores : scores.masked_fill(mask.logical_not(), Hidden), -1).matmul(value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        queryScale?.Dispose();
        scoreScale?.Dispose();
        cap?.Dispose();
    }
}
