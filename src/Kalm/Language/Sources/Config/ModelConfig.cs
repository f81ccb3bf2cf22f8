using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>The shape of a causal language model: what the <c>config.json</c> of a Hugging Face model folder says. What is supported
/// stands in <see cref="Architecture.All"/>.</summary>
public sealed partial record ModelConfig
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "config.json";

    /// <summary>The architecture (<c>model_type</c>).</summary>
    public Architecture Architecture { get; init; } = Architecture.Llama;

    /// <summary>The width of the hidden states (<c>hidden_size</c>).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The width inside a feed-forward block (<c>intermediate_size</c>).</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The number of layers (<c>num_hidden_layers</c>).</summary>
    public required int LayerCount { get; init; }

    /// <summary>The attention heads of a layer (<c>num_attention_heads</c>).</summary>
    public required int HeadCount { get; init; }

    /// <summary>The heads of keys and values, each shared by the same number of query heads (<c>num_key_value_heads</c>).</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>The width of a head (<c>head_dim</c>), which need not be hidden / heads; even where all of it is turned.</summary>
    public required int HeadDimension { get; init; }

    /// <summary>The number of tokens, that is rows of the embedding (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The activation of the feed-forward part (<c>hidden_act</c>).</summary>
    public Activation Activation { get; init; }

    /// <summary>What the norms add to the mean square, or the variance, before the root (<c>rms_norm_eps</c>).</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Whether attention and feed-forward part both read what comes into a layer (<c>use_parallel_residual</c>).</summary>
    public bool IsParallel { get; init; }

    /// <summary>The base of the rotary frequencies (<c>rope_theta</c>).</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How rotary positions are stretched (<c>rope_scaling</c>); null for not at all.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>The share of a head that is turned (<c>partial_rotary_factor</c>).</summary>
    public double RotatedShare { get; init; } = 1;

    /// <summary>The rotary positions of windowed layers where they have their own; null where they do not.</summary>
    public RotaryParameters? WindowedRotary { get; init; }

    /// <summary>For each layer whether it turns queries and keys (<c>no_rope_layers</c>); null where the architecture says it.</summary>
    public IReadOnlyList<bool>? RotatedLayers { get; init; }

    /// <summary>How queries far on grow (<c>llama_4_scaling_beta</c>); null for not at all.</summary>
    public QueryStretch? QueryStretch { get; init; }

    /// <summary>The longest input, in tokens (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>How many positions a token sees where a window limits it, itself included (<c>sliding_window</c>); null when no layer has a
    /// window.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>For each layer whether <see cref="SlidingWindow"/> limits it (<c>layer_types</c>, or <c>max_window_layers</c>); null when
    /// it
    /// limits all or there is none.</summary>
    public IReadOnlyList<bool>? WindowedLayers { get; init; }

    /// <summary>Whether the output layer is the embedding itself, so that the file needs no <c>lm_head</c>
    /// (<c>tie_word_embeddings</c>).</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the projections into attention have biases (<c>attention_bias</c>), and the one out of it where the architecture
    /// says so,
    /// besides those that the architecture always has.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the projection out of attention has a bias by a key of its own (<c>attention_out_bias</c>).</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the feed-forward projections have biases (<c>mlp_bias</c>).</summary>
    public bool MlpBias { get; init; }

    /// <summary>The factor of the embeddings (<c>embedding_multiplier</c>).</summary>
    public double EmbeddingMultiplier { get; init; } = 1;

    /// <summary>The factor of what attention and feed-forward part add (<c>residual_multiplier</c>).</summary>
    public double ResidualMultiplier { get; init; } = 1;

    /// <summary>The factor of the attention scores (<c>attention_multiplier</c>); null where another rule gives it.</summary>
    public double? AttentionMultiplier { get; init; }

    /// <summary>The root of this divides the attention scores (<c>query_pre_attn_scalar</c>); null for the width of a head.</summary>
    public double? QueryScalar { get; init; }

    /// <summary>The bound that attention scores approach, c tanh(s / c) (<c>attn_logit_softcapping</c>); null for none.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>The bound that logits approach (<c>final_logit_softcapping</c>); null for none.</summary>
    public double? LogitCap { get; init; }

    /// <summary>What logits are multiplied by (<c>logit_scale</c>), or divided by (<c>logits_scaling</c>).</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>The token a text begins with (<c>bos_token_id</c>), where there is one. Whether it is prepended is the tokenizer's
    /// affair.</summary>
    public int? BeginTokenId { get; init; }

    /// <summary>The tokens that end a text (<c>eos_token_id</c>, a number or a list).</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>The type the weights are stored in (<c>torch_dtype</c>, or <c>dtype</c> in newer files).</summary>
    public TensorType TorchType { get; init; } = TensorType.F32;

    /// <summary>The longest input that is read, in tokens: <see cref="MaxPositions"/>, or further where positions are stretched beyond
    /// it.</summary>
    public int ContextLength =>
        RopeScaling is DynamicScaling { Alpha: null } dynamic
        ? (int)Math.Min(int.MaxValue, MaxPositions * Math.Max(1, dynamic.Factor)) : MaxPositions;

    /// <summary>What embeddings are multiplied by: the root of the width where the family scales them, else what the file says.</summary>
    public double EmbeddingFactor => Architecture.ScalesEmbeddings ? (float)Math.Sqrt(HiddenSize) : EmbeddingMultiplier;

    /// <summary>The factor of the attention scores.</summary>
    public double ScoreFactor => AttentionMultiplier ?? 1 / Math.Sqrt(QueryScalar ?? HeadDimension);

    /// <summary>What logits are multiplied by, whichever way the file says it.</summary>
    public double LogitFactor => Architecture.DividesLogits ? 1 / LogitScale : LogitScale;

    /// <summary>Reads <c>config.json</c> of the model folder <paramref name="folder"/>.</summary>
    /// <exception cref="KalmException">The file is missing, not valid, or describes a model that is not supported; the message names
    /// the key, what was found and what was expected.</exception>
    public static ModelConfig Load(string folder) => ModelConfigFile.Read(Path.Combine(folder, FileName));

    /// <summary>Writes <c>config.json</c> into the existing <paramref name="folder"/>, in the spelling that old and new
    /// readers understand.</summary>
    /// <exception cref="KalmException">The values do not fit together, or the file cannot be written.</exception>
    public void Save(string folder)
    {
        var path = Path.Combine(folder, FileName);
        ModelConfigCheck.Require(this, path);
        AtomicFile.WriteAllText(path, ModelConfigText.Write(this));
    }

    /// <summary>How many positions a token sees in <paramref name="layer"/>, itself included: position i sees j when
    /// 0 &lt;= i - j &lt; window; null for all before it.</summary>
    public int? WindowOf(int layer) => WindowedLayers?[layer] ?? true ? SlidingWindow : null;

    /// <summary>How <paramref name="layer"/> turns queries and keys; null where it does not.</summary>
    public RotaryParameters? RotaryOf(int layer)
    {
        var isWindowed = WindowOf(layer) is not null;
        var isTurned = RotatedLayers?[layer] ?? Architecture.Rotation switch
        {
            RotationRule.WindowedLayers => isWindowed,
            RotationRule.WindowedLayersIfAny => isWindowed || SlidingWindow is null,
            _ => true,
        };
        if (!isTurned)
            return null;
        return isWindowed && WindowedRotary is { } own ? own : new RotaryParameters(RopeTheta, RopeScaling, RotatedShare);
    }

    /// <summary>The rotary frequencies of layers without a window, scaled, fastest first.</summary>
    /// <returns>Radians a position, one for each pair of a head that is turned.</returns>
    public double[] RotaryFrequencies() => new RotaryParameters(RopeTheta, RopeScaling, RotatedShare).Frequencies(HeadDimension);
}
