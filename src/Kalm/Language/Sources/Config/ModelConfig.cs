using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>The shape of a causal language model: what the <c>config.json</c> of a Hugging Face model folder says. What is supported
/// stands in <see cref="Architecture.All"/>.</summary>
public sealed record ModelConfig
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

    /// <summary>The width of a head (<c>head_dim</c>), which need not be hidden / heads; even, because rotary positions turn pairs.</summary>
    public required int HeadDimension { get; init; }

    /// <summary>The number of tokens, that is rows of the embedding (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>What the norms add to the mean square before the root (<c>rms_norm_eps</c>).</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>The base of the rotary frequencies (<c>rope_theta</c>).</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How rotary positions are stretched (<c>rope_scaling</c>); null for not at all.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>The longest input, in tokens (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>How many positions a token sees where a window limits it, itself included (<c>sliding_window</c>); null when no layer has a
    /// window.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>For each layer whether <see cref="SlidingWindow"/> limits it (<c>layer_types</c>, or <c>max_window_layers</c>); null when it
    /// limits all or there is none.</summary>
    public IReadOnlyList<bool>? WindowedLayers { get; init; }

    /// <summary>Whether the output layer is the embedding itself, so that the file needs no <c>lm_head</c>
    /// (<c>tie_word_embeddings</c>).</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether all attention projections have biases (<c>attention_bias</c>), besides those that the architecture always
    /// has.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the feed-forward projections have biases (<c>mlp_bias</c>).</summary>
    public bool MlpBias { get; init; }

    /// <summary>The token a text begins with (<c>bos_token_id</c>), where there is one. Whether it is prepended is the tokenizer's
    /// affair.</summary>
    public int? BeginTokenId { get; init; }

    /// <summary>The tokens that end a text (<c>eos_token_id</c>, a number or a list).</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>The type the weights are stored in (<c>torch_dtype</c>, or <c>dtype</c> in newer files).</summary>
    public TensorType TorchType { get; init; } = TensorType.F32;

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
        ModelConfigFile.Check(this, path);
        AtomicFile.WriteAllText(path, ModelConfigText.Write(this));
    }

    /// <summary>How many positions a token sees in <paramref name="layer"/>, itself included: position i sees j when
    /// 0 &lt;= i - j &lt; window; null for all before it.</summary>
    public int? WindowOf(int layer) => WindowedLayers?[layer] ?? true ? SlidingWindow : null;

    /// <summary>Whether a module of a layer, for example <c>self_attn.q_proj</c>, has a bias.</summary>
    public bool HasBias(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var isProjection = module.EndsWith("_proj", StringComparison.Ordinal);
        return Architecture.BiasedModules.Contains(module)
            || (isProjection && AttentionBias && module.StartsWith("self_attn.", StringComparison.Ordinal))
            || (isProjection && MlpBias && module.StartsWith("mlp.", StringComparison.Ordinal));
    }

    /// <summary>The rotary frequencies, scaled, fastest first.</summary>
    /// <returns>Radians a position, one for each pair of a head: <see cref="HeadDimension"/> / 2.</returns>
    public double[] RotaryFrequencies()
    {
        var frequencies = new double[HeadDimension / 2];
        for (var index = 0; index < frequencies.Length; index++)
        {
            var frequency = Math.Pow(RopeTheta, -2.0 * index / HeadDimension);
            frequencies[index] = RopeScaling?.Scale(frequency) ?? frequency;
        }
        return frequencies;
    }

    /// <summary>The name that a Hugging Face checkpoint of this architecture has for a tensor or module that we know by the canonical name, which is
    /// Llama's where Llama has one.</summary>
    public string CheckpointName(string canonical) => Architecture.Spelling.GetValueOrDefault(canonical, canonical);

    /// <summary>Every tensor that a checkpoint of this model holds, by its Hugging Face name, in the order of the computation; matrices are
    /// [outputs, inputs].</summary>
    public IEnumerable<(string Name, long[] Shape)> TensorShapes()
    {
        yield return ("model.embed_tokens.weight", [VocabularySize, HiddenSize]);
        for (var layer = 0; layer < LayerCount; layer++)
            foreach (var (name, shape) in LayerShapes())
                yield return ($"model.layers.{layer}.{name}", shape);
        yield return ("model.norm.weight", [HiddenSize]);
        if (!TieWordEmbeddings)
            yield return ("lm_head.weight", [VocabularySize, HiddenSize]);
    }

    private IEnumerable<(string Name, long[] Shape)> LayerShapes()
    {
        var queryWidth = (long)HeadCount * HeadDimension;
        var keyWidth = (long)KeyValueHeadCount * HeadDimension;
        (string Name, long[] Shape)[] modules =
        [
            ("input_layernorm", [HiddenSize]),
            ("self_attn.q_proj", [queryWidth, HiddenSize]),
            ("self_attn.k_proj", [keyWidth, HiddenSize]),
            ("self_attn.v_proj", [keyWidth, HiddenSize]),
            ("self_attn.q_norm", [HeadDimension]),
            ("self_attn.k_norm", [HeadDimension]),
            ("self_attn.o_proj", [HiddenSize, queryWidth]),
            ("post_attention_layernorm", [HiddenSize]),
            ("mlp.gate_proj", [IntermediateSize, HiddenSize]),
            ("mlp.up_proj", [IntermediateSize, HiddenSize]),
            ("mlp.down_proj", [HiddenSize, IntermediateSize]),
        ];
        foreach (var (name, shape) in modules)
        {
            if (!Architecture.NormalisesHeads && name is "self_attn.q_norm" or "self_attn.k_norm")
                continue;
            yield return (name + ".weight", shape);
            if (HasBias(name))
                yield return (name + ".bias", [shape[0]]);
        }
    }
}
