using Kalm.Engine;
using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>The decoder of every supported <see cref="Architecture"/>: Llama's (arXiv 2302.13971) RMSNorm, rotary positions, grouped-query
/// attention and SwiGLU, with the biases, head norms and windows that the configuration asks for.
/// Holds no weights of its own: it looks them up by their checkpoint names, learned ones first, so that several decoders can share them.</summary>
/// <remarks>Numbers given to tensor operations are kept as <see cref="Scalar"/> fields here and everywhere: one made on the fly is garbage as
/// soon as its handle has been read, and the finalizer may free it while the operation still runs.</remarks>
public sealed class Decoder : IDisposable
{
    /// <summary>From this width on a CPU does better with all cores in one operation than with a worker on each.</summary>
    internal const int WideModel = 1024;

    private readonly ModelConfig config;
    private readonly Device device;
    private readonly bool isFused;
    private readonly Scalar epsilon;
    private readonly Rotary rotary;
    private readonly Layer[] layers;
    private readonly Tensor embedding;
    private readonly Tensor finalNorm;
    private readonly Tensor head;
    private readonly Dropout dropout;

    /// <summary>Binds a decoder to its weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="frozen">The weights that are not learned, by checkpoint name; may be empty when all are.</param>
    /// <param name="learned">The learned parameters: weights by checkpoint name, low-rank matrices by PEFT's; null when none are.</param>
    /// <param name="lora">The low-rank options, when <paramref name="learned"/> holds low-rank matrices.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="dropout">The probability with which a training pass drops a number that a layer's attention or feed-forward part adds to the states.</param>
    /// <param name="fused">Whether a narrow model on a CPU takes the hand-written operations of <c>Kernels</c>; otherwise the engine's own.</param>
    public Decoder(
        ModelConfig config, IReadOnlyDictionary<string, Tensor> frozen, ParameterReplica? learned, AdapterConfig? lora, Device device, double dropout = 0,
        bool fused = true)
    {
        (this.config, this.device) = (config, device);
        isFused = fused && device.type == DeviceType.CPU && config.HiddenSize < WideModel;
        this.dropout = new Dropout(dropout);
        epsilon = config.NormEpsilon.ToScalar();
        rotary = new Rotary(config, device);
        embedding = Weight(TensorNames.Embedding);
        finalNorm = Weight(TensorNames.FinalNorm);
        head = config.TieWordEmbeddings ? embedding : Weight(TensorNames.Head);
        layers = new Layer[config.LayerCount];
        for (var index = 0; index < layers.Length; index++)
            layers[index] = new Layer(
                Norm(index, "input_layernorm"), Norm(index, "post_attention_layernorm"),
                Project(index, "self_attn.q_proj"), Project(index, "self_attn.k_proj"), Project(index, "self_attn.v_proj"),
                Project(index, "self_attn.o_proj"), Project(index, "mlp.gate_proj"), Project(index, "mlp.up_proj"), Project(index, "mlp.down_proj"),
                config.Architecture.NormalisesHeads ? Norm(index, "self_attn.q_norm") : null,
                config.Architecture.NormalisesHeads ? Norm(index, "self_attn.k_norm") : null,
                config.WindowOf(index), index);

        Tensor Weight(string name) => learned?.Find(name) ?? frozen[name];

        Tensor Norm(int layer, string module) => Weight(TensorNames.OfLayer(layer, module));

        Projection Project(int layer, string module) => new(
            Weight(TensorNames.OfLayer(layer, module)), frozen.GetValueOrDefault(TensorNames.ScalesOf(TensorNames.OfLayer(layer, module))),
            config.HasBias(module) ? Weight(TensorNames.BiasOfLayer(layer, module)) : null,
            learned?.Find(AdapterConfig.LoraName(TensorNames.Module(layer, module), 'A')),
            learned?.Find(AdapterConfig.LoraName(TensorNames.Module(layer, module), 'B')),
            lora?.ScaleOf(TensorNames.Module(layer, module)) ?? 0, lora?.Dropout ?? 0);
    }

    /// <summary>Draws the dropout of training passes; null (the default) drops nothing. Not owned.</summary>
    public Generator? Randomness { get; set; }

    /// <summary>Lays rows out as this decoder reads them best.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="multiple">What the numbers of tokens and reads are filled up to multiples of.</param>
    /// <returns>The block; the caller owns it.</returns>
    public TokenBlock Block(IReadOnlyList<TokenRow> rows, int multiple = 1) => new(rows, device, packed: isFused, multiple: multiple);

    /// <summary>Looks token ids up.</summary>
    /// <param name="tokens">[tokens], int64.</param>
    /// <returns>[tokens, hidden]; the caller owns it.</returns>
    public Tensor Embed(Tensor tokens) => embedding.index_select(0, tokens);

    /// <summary>Runs the body and reads the final-norm hidden states of the block's read positions; nothing behind them is computed.</summary>
    /// <param name="embedded">[tokens of the block, hidden], from <see cref="Embed"/>.</param>
    /// <param name="block">The rows' layout.</param>
    /// <returns>[reads, hidden]; the caller owns it.</returns>
    public Tensor Read(Tensor embedded, TokenBlock block)
    {
        using var scope = NewDisposeScope();
        var states = embedded;
        var angles = block.IsPacked ? ((Tensor, Tensor)?)null : rotary.Angles(block.Positions, block.LastPosition);
        for (var index = 0; index < layers.Length; index++)
            states = RunLayer(layers[index], states, block, angles, index == layers.Length - 1 ? block.Reads : null);
        block.CountInCache();
        var read = Normalise(states, finalNorm);
        return (read.shape[0] == block.ReadCount ? read : read.narrow(0, 0, block.ReadCount)).MoveToOuterDisposeScope();
    }

    /// <summary>The language-model head.</summary>
    /// <param name="states">[reads, hidden], from <see cref="Read"/>.</param>
    /// <returns>Logits [reads, vocabulary]; the caller owns them.</returns>
    public Tensor Logits(Tensor states) => functional.linear(states, head);

    // In the last layer everything behind attention is computed for the states that are read alone.
    private Tensor RunLayer(Layer layer, Tensor states, TokenBlock block, (Tensor, Tensor)? angles, Tensor? reads)
    {
        using var scope = NewDisposeScope();
        var normal = Normalise(states, layer.AttentionNorm);
        var mixed = angles is var (cosine, sine) ? Attend(layer, normal, block, cosine, sine) : AttendPacked(layer, normal, block);
        if (reads is not null)
        {
            mixed = mixed.index_select(0, reads);
            states = states.index_select(0, reads);
        }
        states = dropout.Add(states, layer.Output.Apply(mixed, Randomness), Randomness, isFused);
        var normalised = Normalise(states, layer.FeedForwardNorm);
        var (gate, up) = (layer.Gate.Apply(normalised, Randomness), layer.Up.Apply(normalised, Randomness));
        var fed = layer.Down.Apply(isFused ? GatedUnit.Apply(gate, up) : functional.silu(gate) * up, Randomness);
        return dropout.Add(states, fed, Randomness, isFused).MoveToOuterDisposeScope();
    }

    private Tensor AttendPacked(Layer layer, Tensor input, TokenBlock block)
    {
        using var scope = NewDisposeScope();
        var (query, key) = (layer.Query.Apply(input, Randomness), layer.Key.Apply(input, Randomness));
        if (layer.QueryNorm is { } queryNorm && layer.KeyNorm is { } keyNorm)
            (query, key) = (Normalise(ByHead(query), queryNorm).view(query.shape), Normalise(ByHead(key), keyNorm).view(key.shape));
        return TreeAttention.Apply(query, key, layer.Value.Apply(input, Randomness), block.Plan(config, layer.Window, rotary.Table(block.LastPosition)))
            .MoveToOuterDisposeScope();

        Tensor ByHead(Tensor vectors) => vectors.view(vectors.shape[0], -1, config.HeadDimension);
    }

    private Tensor Attend(Layer layer, Tensor input, TokenBlock block, Tensor cosine, Tensor sine)
    {
        using var scope = NewDisposeScope();
        var query = Rotary.Turn(NormalisedHeads(layer.Query, config.HeadCount, layer.QueryNorm), cosine, sine).transpose(1, 2);
        var key = Rotary.Turn(NormalisedHeads(layer.Key, config.KeyValueHeadCount, layer.KeyNorm), cosine, sine).transpose(1, 2);
        var value = Heads(layer.Value, config.KeyValueHeadCount).transpose(1, 2);
        if (block.Cache is { } cache)
            (key, value) = cache.Append(layer.Index, key, value);
        var mask = block.Mask(layer.Window);
        // A single token sees all there is.
        var mixed = functional.scaled_dot_product_attention(query, Repeat(key), Repeat(value), mask, 0, mask is null && block.Length > 1);
        return mixed.transpose(1, 2).reshape(block.RowCount * block.Length, config.HeadCount * config.HeadDimension).MoveToOuterDisposeScope();

        Tensor Heads(Projection projection, int heads) =>
            projection.Apply(input, Randomness).view(block.RowCount, block.Length, heads, config.HeadDimension);

        Tensor NormalisedHeads(Projection projection, int heads, Tensor? norm) =>
            norm is null ? Heads(projection, heads) : Normalise(Heads(projection, heads), norm);

        Tensor Repeat(Tensor heads) =>
            config.KeyValueHeadCount == config.HeadCount ? heads : heads.repeat_interleave(config.HeadCount / config.KeyValueHeadCount, 1);
    }

    private Tensor Normalise(Tensor states, Tensor weight)
    {
        using var scope = NewDisposeScope();
        if (isFused)
            return RootMeanSquareNorm.Apply(states, weight, (float)config.NormEpsilon).MoveToOuterDisposeScope();
        var scale = (states * states).mean([-1], keepdim: true).Plus(epsilon).rsqrt();
        return (states * scale * weight).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rotary.Dispose();
        foreach (var layer in layers)
            layer.Dispose();
        epsilon.Dispose();
        dropout.Dispose();
    }

    private sealed record Layer(
        Tensor AttentionNorm, Tensor FeedForwardNorm, Projection Query, Projection Key, Projection Value, Projection Output,
        Projection Gate, Projection Up, Projection Down, Tensor? QueryNorm, Tensor? KeyNorm, int? Window, int Index) : IDisposable
    {
        public void Dispose()
        {
            foreach (var projection in new[] { Query, Key, Value, Output, Gate, Up, Down })
                projection.Dispose();
        }
    }
}
