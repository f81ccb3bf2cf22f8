using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

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
    private readonly IDecoderKernels kernels;
    private readonly AttentionLayer asked;

    /// <param name="config">The architecture.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="weights">Gives the layer's norms and projections.</param>
    /// <param name="rotaries">The decoder's kinds of rotary positions; not owned.</param>
    /// <param name="rotary">Which of them this layer has; -1 for none.</param>
    /// <param name="kernels">What computes all but products; not owned.</param>
    public Attention(
        ModelConfig config, int layer, LayerWeights weights, IReadOnlyList<Rotary> rotaries, int rotary, IDecoderKernels kernels)
    {
        (this.config, this.rotaries, this.rotary, this.kernels) = (config, rotaries, rotary, kernels);
        (layout, headNorms) = (config.Architecture.Projections, config.Architecture.HeadNorms);
        asked = new AttentionLayer(layer, config.WindowOf(layer), null);
        inputs = layout == QueryKeyValueLayout.Separate
            ? new ProjectionGroup(
                weights.Project("self_attn.q_proj"), weights.Project("self_attn.k_proj"), weights.Project("self_attn.v_proj"))
            : new ProjectionGroup(weights.Project("self_attn.qkv_proj"));
        output = new ProjectionGroup(weights.Project("self_attn.o_proj"));
        queryNorm = weights.Norm("self_attn.q_norm");
        keyNorm = weights.Norm("self_attn.k_norm");
    }

    /// <summary>Whether attention cannot turn the vectors itself, because something follows.</summary>
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
        var turns = kernels.Turns(pass.Block) && !TurnsOutside(config);
        if (!turns && rotary >= 0)
            (query, key) = (Turned(query, pass), Turned(key, pass));
        if (headNorms == HeadNormRule.EachHeadTurned)
            (query, key) = (ByHead(query, queryNorm!), ByHead(key, keyNorm!));
        return kernels.Attend(query, key, value, turns && rotary >= 0 ? asked with { Rotary = rotaries[rotary] } : asked, pass)
            .MoveToOuterDisposeScope();
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

    public void Dispose()
    {
        inputs.Dispose();
        output.Dispose();
    }
}
