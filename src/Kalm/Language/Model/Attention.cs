using Kalm.Engine;
using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>What of a pass over a block all layers share. Owned by the pass.</summary>
/// <param name="Block">The rows.</param>
/// <param name="Angles">For each of the decoder's kinds of rotary positions the angles, or none where the kernel turns.</param>
/// <param name="Stretch">The factors of the queries, [rows, length, 1, 1], or null.</param>
/// <param name="Randomness">Draws the dropout of a training pass; null where nothing is dropped.</param>
internal sealed record DecoderPass(
    TokenBlock Block, IReadOnlyList<(Tensor Cosine, Tensor Sine)> Angles, Tensor? Stretch, Generator? Randomness);

/// <summary>Grouped-query attention (arXiv 2305.13245) of one layer, with what the configuration asks for besides.</summary>
internal sealed class Attention : IDisposable
{
    private readonly ModelConfig config;
    private readonly QueryKeyValueLayout layout;
    private readonly HeadNormRule headNorms;
    private readonly ProjectionGroup inputs;
    private readonly ProjectionGroup output;
    private readonly Norm? queryNorm;
    private readonly Norm? keyNorm;
    private readonly IReadOnlyList<Rotary> rotaries;
    private readonly int rotary;
    private readonly int? window;
    private readonly int layer;
    private readonly Scalar? queryScale;
    private readonly Scalar? scoreScale;
    private readonly Scalar? cap;

    /// <param name="config">The architecture.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="weights">Gives the layer's norms and projections.</param>
    /// <param name="rotaries">The decoder's kinds of rotary positions; not owned.</param>
    /// <param name="rotary">Which of them this layer has; -1 for none.</param>
    public Attention(ModelConfig config, int layer, LayerWeights weights, IReadOnlyList<Rotary> rotaries, int rotary)
    {
        (this.config, this.layer, this.rotaries, this.rotary) = (config, layer, rotaries, rotary);
        (layout, headNorms, window) = (config.Architecture.Projections, config.Architecture.HeadNorms, config.WindowOf(layer));
        inputs = layout == QueryKeyValueLayout.Separate
            ? new ProjectionGroup(
                weights.Project("self_attn.q_proj"), weights.Project("self_attn.k_proj"), weights.Project("self_attn.v_proj"))
            : new ProjectionGroup(weights.Project("self_attn.qkv_proj"));
        output = new ProjectionGroup(weights.Project("self_attn.o_proj"));
        queryNorm = weights.Norm("self_attn.q_norm");
        keyNorm = weights.Norm("self_attn.k_norm");
        // The engine's attention divides by the root of the width by itself.
        var scale = config.ScoreFactor * Math.Sqrt(config.HeadDimension);
        queryScale = Math.Abs(scale - 1) < 1e-12 ? null : scale.ToScalar();
        cap = config.ScoreCap?.ToScalar();
        scoreScale = cap is null ? null : (config.ScoreFactor / config.ScoreCap!.Value).ToScalar();
    }

    /// <summary>Whether the hand-written attention cannot turn the vectors itself, because something follows.</summary>
    public static bool TurnsOutside(ModelConfig config) => config.Architecture.HeadNorms == HeadNormRule.EachHeadTurned;

    /// <summary>The values that each token sees, mixed.</summary>
    /// <param name="input">[tokens, hidden].</param>
    /// <param name="pass">The pass.</param>
    /// <returns>[tokens, heads x head dimension]; the caller owns it.</returns>
    public Tensor Mix(Tensor input, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = Project(input, pass);
        if (headNorms == HeadNormRule.WholeWidth)
            (query, key) = (queryNorm!.Apply(query), keyNorm!.Apply(key));
        else if (headNorms == HeadNormRule.EachHead)
            (query, key) = (ByHead(query, queryNorm!), ByHead(key, keyNorm!));
        var isOwn = CachedAttention.Covers(config, pass.Block);
        var isTurned = (pass.Block.IsPacked || isOwn) && !TurnsOutside(config);
        if (!isTurned && rotary >= 0)
            (query, key) = (Turned(query, pass), Turned(key, pass));
        if (headNorms == HeadNormRule.EachHeadTurned)
            (query, key) = (ByHead(query, queryNorm!), ByHead(key, keyNorm!));
        var mixed = pass.Block.IsPacked
            ? TreeAttention.Apply(query, key, value, pass.Block.Plan(config, window, isTurned && rotary >= 0 ? rotaries[rotary] : null))
            : isOwn ? CachedAttention.Apply(
                query, key, value, config, pass.Block, layer, isTurned && rotary >= 0 ? rotaries[rotary] : null, window)
            : Attend(query, key, value, pass);
        return mixed.MoveToOuterDisposeScope();
    }

    /// <summary>The projection out of attention.</summary>
    /// <param name="mixed">From <see cref="Mix"/>, or some of its rows.</param>
    /// <param name="pass">The pass.</param>
    /// <returns>[tokens, hidden]; the caller owns it.</returns>
    public Tensor Output(Tensor mixed, DecoderPass pass) => output.Apply(mixed, pass)[0];

    private (Tensor Query, Tensor Key, Tensor Value) Project(Tensor input, DecoderPass pass)
    {
        var made = inputs.Apply(input, pass);
        if (layout == QueryKeyValueLayout.Separate)
            return (made[0], made[1], made[2]);
        var all = made[0];
        if (layout == QueryKeyValueLayout.HeadByHead)
        {
            var heads = all.view(all.shape[0], config.HeadCount, 3, config.HeadDimension);
            return (Part(0), Part(1), Part(2));

            Tensor Part(long index) => heads.select(2, index).reshape(all.shape[0], -1);
        }
        var (queries, keys) = ((long)config.HeadCount * config.HeadDimension, (long)config.KeyValueHeadCount * config.HeadDimension);
        return (Rows(0, queries), Rows(queries, keys), Rows(queries + keys, keys));

        Tensor Rows(long start, long count) => all.narrow(1, start, count).contiguous();
    }

    private Tensor ByHead(Tensor vectors, Norm norm) =>
        norm.Apply(vectors.view(vectors.shape[0], -1, config.HeadDimension)).view(vectors.shape);

    private Tensor Turned(Tensor vectors, DecoderPass pass)
    {
        var rows = pass.Block.Positions.shape;
        return rotaries[rotary].Turn(vectors.view(rows[0], rows[1], -1, config.HeadDimension), pass.Angles[rotary]).reshape(vectors.shape);
    }

    private Tensor Attend(Tensor query, Tensor key, Tensor value, DecoderPass pass)
    {
        var block = pass.Block;
        query = Heads(query, config.HeadCount);
        if (pass.Stretch is { } stretch)
            query = query * stretch;
        query = query.transpose(1, 2);
        key = Heads(key, config.KeyValueHeadCount).transpose(1, 2);
        value = Heads(value, config.KeyValueHeadCount).transpose(1, 2);
        if (block.Cache is { } cache)
            (key, value) = cache.Append(layer, key, value);
        (key, value) = (Repeat(key), Repeat(value));
        var mixed = cap is null ? Engine(query, key, value, block) : Capped(query, key, value, block);
        return mixed.transpose(1, 2).reshape(block.RowCount * block.Length, config.HeadCount * config.HeadDimension);

        Tensor Heads(Tensor vectors, int heads) => vectors.view(block.RowCount, block.Length, heads, config.HeadDimension);

        Tensor Repeat(Tensor heads) =>
            config.KeyValueHeadCount == config.HeadCount ? heads : heads.repeat_interleave(config.HeadCount / config.KeyValueHeadCount, 1);
    }

    private Tensor Engine(Tensor query, Tensor key, Tensor value, TokenBlock block)
    {
        var mask = block.Mask(window);
        // A single token sees all there is.
        var scaled = queryScale is null ? query : query.mul(queryScale);
        return functional.scaled_dot_product_attention(scaled, key, value, mask, 0, mask is null && block.Length > 1);
    }

    private Tensor Capped(Tensor query, Tensor key, Tensor value, TokenBlock block)
    {
        var scores = query.matmul(key.transpose(2, 3)).mul(scoreScale!).tanh().mul(cap!);
        var mask = block.Mask(window, always: true);
        return softmax(mask is null ? scores : scores.Plus(mask), -1).matmul(value);
    }

    public void Dispose()
    {
        inputs.Dispose();
        output.Dispose();
        queryNorm?.Dispose();
        keyNorm?.Dispose();
        queryScale?.Dispose();
        scoreScale?.Dispose();
        cap?.Dispose();
    }
}
