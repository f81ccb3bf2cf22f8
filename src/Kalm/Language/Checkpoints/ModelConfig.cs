using Kalm.Files;

namespace Kalm.Language.Checkpoints;

/// <summary>The shape of a causal language model: what the <c>config.json</c> of a Hugging Face model folder says. Only the Llama
/// architecture is supported so far.</summary>
public sealed record ModelConfig
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "config.json";

    /// <summary>The only architecture read so far, as <c>model_type</c> names it.</summary>
    public const string Llama = "llama";

    /// <summary>The architecture (<c>model_type</c>).</summary>
    public string ModelType { get; init; } = Llama;

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

    /// <summary>The width of a head (<c>head_dim</c>); even, because rotary positions turn pairs.</summary>
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

    /// <summary>How many positions back a token sees (<c>sliding_window</c>); null for all. Llama has none.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Whether the output layer is the embedding itself, so that the file needs no <c>lm_head</c>
    /// (<c>tie_word_embeddings</c>).</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the attention projections have biases (<c>attention_bias</c>); refused when true.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the feed-forward projections have biases (<c>mlp_bias</c>); refused when true.</summary>
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

    /// <summary>Writes <c>config.json</c> into the existing <paramref name="folder"/>, as an ordinary <c>LlamaForCausalLM</c>.</summary>
    /// <exception cref="KalmException">The values do not fit together, or the file cannot be written.</exception>
    public void Save(string folder)
    {
        var path = Path.Combine(folder, FileName);
        ModelConfigFile.Check(this, path);
        AtomicFile.WriteAllText(path, ModelConfigFile.Write(this));
    }

    /// <summary>Every tensor that a checkpoint of this model holds, by its Hugging Face name, in the order of the computation; matrices are
    /// [outputs, inputs].</summary>
    public IEnumerable<(string Name, long[] Shape)> TensorShapes()
    {
        var queryWidth = (long)HeadCount * HeadDimension;
        var keyWidth = (long)KeyValueHeadCount * HeadDimension;
        yield return ("model.embed_tokens.weight", [VocabularySize, HiddenSize]);
        for (var layer = 0; layer < LayerCount; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            yield return ($"{prefix}input_layernorm.weight", [HiddenSize]);
            yield return ($"{prefix}self_attn.q_proj.weight", [queryWidth, HiddenSize]);
            yield return ($"{prefix}self_attn.k_proj.weight", [keyWidth, HiddenSize]);
            yield return ($"{prefix}self_attn.v_proj.weight", [keyWidth, HiddenSize]);
            yield return ($"{prefix}self_attn.o_proj.weight", [HiddenSize, queryWidth]);
            yield return ($"{prefix}post_attention_layernorm.weight", [HiddenSize]);
            yield return ($"{prefix}mlp.gate_proj.weight", [IntermediateSize, HiddenSize]);
            yield return ($"{prefix}mlp.up_proj.weight", [IntermediateSize, HiddenSize]);
            yield return ($"{prefix}mlp.down_proj.weight", [HiddenSize, IntermediateSize]);
        }
        yield return ("model.norm.weight", [HiddenSize]);
        if (!TieWordEmbeddings)
            yield return ("lm_head.weight", [VocabularySize, HiddenSize]);
    }
}
