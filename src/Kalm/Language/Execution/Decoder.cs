using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>The decoder of every supported <see cref="Architecture"/>: Llama's (arXiv 2302.13971) norms, rotary positions, grouped-query
/// attention and gated feed-forward part, each as the architecture's row and the configuration say.
/// Holds no weights of its own: it looks them up by their canonical names, learned ones first, so that several decoders can share
/// them.</summary>
/// <remarks>Numbers given to tensor operations are kept as <see cref="Scalar"/> fields here and everywhere: one made on the fly is garbage
/// as
/// soon as its handle has been read, and the finalizer may free it while the operation still runs.</remarks>
public sealed class Decoder : IDisposable
{
    /// <summary>From this width on a CPU does better with all cores in one operation than with a worker on each.</summary>
    internal const int WideModel = 1024;

    private static readonly Scalar One = 1.ToScalar();
    private readonly Device device;
    private readonly IDecoderKernels kernels;
    private readonly bool turnsOutside;
    private readonly List<Rotary> rotaries = [];
    private readonly DecoderLayer[] layers;
    private readonly HeldMatrix embedding;
    private readonly Norm finalNorm;
    private readonly HeldMatrix head;
    private readonly Dropout dropout;
    private readonly Scalar? embeddingScale;
    private readonly Scalar? logitScale;
    private readonly Scalar? logitCap;
    private readonly Scalar? stretchBeta;
    private readonly Scalar? stretchPositions;

    /// <summary>Binds a decoder to its weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="frozen">The weights that are not learned, by canonical name; may be empty when all are.</param>
    /// <param name="learned">The learned parameters: weights by canonical name, low-rank matrices by PEFT's; null when none are.</param>
    /// <param name="lora">The low-rank options, when <paramref name="learned"/> holds low-rank matrices.</param>
    /// <param name="device">Where the weights live.</param>
    /// <param name="dropout">The probability with which a training pass drops a number that a layer's attention or feed-forward part adds
    /// to the states.</param>
    /// <param name="kernels">What computes all but products, owned from here on; null for what suits model and device.</param>
    /// <param name="team">Shares products with a few rows; null where the library does all. Not owned.</param>
    /// <param name="isShort">Whether products with F32 matrices are made in BF16, on a GPU: their factors are rounded each time, and what
    /// learns stays in F32.</param>
    internal Decoder(
        ModelConfig config, IReadOnlyDictionary<string, Tensor> frozen, ParameterReplica? learned, AdapterConfig? lora, Device device,
        double dropout = 0, IDecoderKernels? kernels = null, CoreTeam? team = null, bool isShort = false)
    {
        this.device = device;
        FrozenLayers = learned is null ? 0 : lora?.LayersBelow ?? 0;
        this.kernels = kernels ??= DecoderKernels.For(
            config, device, team, isShort || frozen.Values.Any(weight => weight.dtype == ScalarType.BFloat16));
        turnsOutside = Attention.TurnsOutside(config);
        var weights = new DecoderWeights(config, frozen, learned, lora, kernels, team, isShort);
        this.dropout = new Dropout(dropout);
        embedding = weights.Matrix(TensorNames.Embedding);
        finalNorm = weights.FinalNorm();
        head = config.TieWordEmbeddings ? embedding : weights.Matrix(TensorNames.Head);
        embeddingScale = ScaleOrNone(config.EmbeddingFactor);
        logitScale = ScaleOrNone(config.LogitFactor / (config.LogitCap ?? 1));
        logitCap = config.LogitCap?.ToScalar();
        stretchBeta = config.QueryStretch?.Beta.ToScalar();
        stretchPositions = config.QueryStretch?.Positions.ToScalar();
        var kinds = Enumerable.Range(0, config.LayerCount).Select(config.RotaryOf).OfType<RotaryParameters>().Distinct().ToList();
        rotaries.AddRange(kinds.Select(kind => new Rotary(kind, config.HeadDimension, config.Architecture.IsRotationInterleaved, device)));
        layers = [.. Enumerable.Range(0, config.LayerCount).Select(index =>
        {
            var rotary = config.RotaryOf(index) is { } kind ? kinds.IndexOf(kind) : -1;
            return new DecoderLayer(
                config, weights.Layer(index), new Attention(config, index, weights.Layer(index), rotaries, rotary, kernels), this.dropout,
                kernels);
        })];
    }

    /// <summary>Draws the dropout of training passes; null (the default) drops nothing. Not owned.</summary>
    public Generator? Randomness { get; set; }

    /// <summary>How many layers lie below all that learns: nothing is dropped in them, and no gradient goes back there.</summary>
    internal int FrozenLayers { get; }

    /// <summary>Lays rows out as this decoder reads them best.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="multiple">What the numbers of tokens and reads are filled up to multiples of.</param>
    /// <returns>The block; the caller owns it.</returns>
    public TokenBlock Block(IReadOnlyList<TokenRow> rows, int multiple = 1) =>
        new(rows, device, packed: kernels.IsPacking, multiple: multiple);

    /// <summary>Looks token ids up.</summary>
    /// <param name="tokens">[tokens], int64.</param>
    /// <returns>[tokens, hidden]; the caller owns it.</returns>
    public Tensor Embed(Tensor tokens)
    {
        if (embeddingScale is null)
            return embedding.Rows(tokens);
        using var scope = NewDisposeScope();
        return embedding.Rows(tokens).mul(embeddingScale).MoveToOuterDisposeScope();
    }

    /// <summary>Runs the body and reads the final-norm hidden states of the block's read positions; nothing behind them is
    /// computed.</summary>
    /// <param name="embedded">[tokens of the block, hidden], from <see cref="Embed"/>.</param>
    /// <param name="block">The rows' layout.</param>
    /// <param name="count">How many layers run, more than <see cref="FrozenLayers"/>; null for all. The final norm follows the last of
    /// them.</param>
    /// <returns>[reads, hidden]; the caller owns it.</returns>
    public Tensor Read(Tensor embedded, TokenBlock block, int? count = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        if (FrozenLayers == 0)
            return ReadAbove(embedded, block, count);
        using var below = Below(embedded, block);
        return ReadAbove(below, block, count);
    }

    /// <summary>Runs the layers below all that learns.</summary>
    /// <param name="embedded">[tokens of the block, hidden], from <see cref="Embed"/>.</param>
    /// <param name="block">The rows' layout.</param>
    /// <returns>[tokens of the block, hidden], without a gradient; the caller owns it.</returns>
    internal Tensor Below(Tensor embedded, TokenBlock block)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (states, pass) = (embedded, Pass(block, null));
        for (var index = 0; index < FrozenLayers; index++)
            states = layers[index].Run(states, pass, null);
        return states.MoveToOuterDisposeScope();
    }

    /// <summary>Runs the other layers, as <see cref="Read"/> does.</summary>
    /// <param name="states">[tokens of the block, hidden], from <see cref="Below"/>.</param>
    /// <param name="block">The rows' layout.</param>
    /// <param name="count">As <see cref="Read"/> takes it.</param>
    /// <returns>[reads, hidden]; the caller owns it.</returns>
    internal Tensor ReadAbove(Tensor states, TokenBlock block, int? count = null)
    {
        using var scope = NewDisposeScope();
        var pass = Pass(block, Randomness);
        var end = count ?? layers.Length;
        for (var index = FrozenLayers; index < end; index++)
            states = layers[index].Run(states, pass, index == end - 1 ? block.Reads : null);
        block.CountInCache();
        var read = finalNorm.Apply(states);
        return (read.shape[0] == block.ReadCount ? read : read.narrow(0, 0, block.ReadCount)).MoveToOuterDisposeScope();
    }

    /// <summary>What computes all but products.</summary>
    internal IDecoderKernels Kernels => kernels;

    /// <summary>Whether the head's matrix is trained itself.</summary>
    internal bool LearnsHead => head.Values.requires_grad;

    /// <summary>The number of logits.</summary>
    internal int Vocabulary => (int)head.Values.shape[0];

    /// <summary>The language-model head.</summary>
    /// <param name="states">[reads, hidden], from <see cref="Read"/>.</param>
    /// <returns>Logits [reads, vocabulary]; the caller owns them.</returns>
    public Tensor Logits(Tensor states)
    {
        using var scope = NewDisposeScope();
        var logits = head.Multiply(states);
        if (logitScale is not null)
            logits = logits.mul(logitScale);
        if (logitCap is not null)
            logits = logits.tanh().mul(logitCap);
        return logits.MoveToOuterDisposeScope();
    }

    private DecoderPass Pass(TokenBlock block, Generator? randomness) => new(
        block, kernels.Turns(block) && !turnsOutside ? [] : [.. rotaries.Select(rotary => rotary.Angles(block))],
        stretchBeta is null || block.IsPacked ? null : Stretch(block), randomness);

    private Tensor Stretch(TokenBlock block)
    {
        using var scope = NewDisposeScope();
        var positions = block.Positions;
        return positions.to(ScalarType.Float32).div(stretchPositions!).floor().log1p().mul(stretchBeta!).Plus(One)
            .view(positions.shape[0], positions.shape[1], 1, 1).MoveToOuterDisposeScope();
    }

    private static Scalar? ScaleOrNone(double factor) => factor == 1 ? null : factor.ToScalar();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var rotary in rotaries)
            rotary.Dispose();
        foreach (var layer in layers)
            layer.Dispose();
        kernels.Dispose();
        dropout.Dispose();
        foreach (var scalar in new[] { embeddingScale, logitScale, logitCap, stretchBeta, stretchPositions })
            scalar?.Dispose();
    }
}
