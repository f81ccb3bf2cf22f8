namespace Kalm.Language.Sources.Config;

/// <summary>Which layers of an architecture a sliding window limits where config.json has no <c>layer_types</c>.</summary>
public enum WindowRule
{
    /// <summary>None: the architecture has no window.</summary>
    None,

    /// <summary>All layers, whenever <c>sliding_window</c> is not null.</summary>
    EveryLayer,

    /// <summary>Layers from <c>max_window_layers</c> on, when <c>use_sliding_window</c> is true.</summary>
    LaterLayers,
}

/// <summary>What sets a supported architecture apart from the others; all else they share. The decoder, the configuration and the tensor
/// names take every difference from here.</summary>
public sealed record Architecture
{
    private Architecture()
    {
    }

    /// <summary>Llama 2 and 3, and what is built like them: SmolLM2, TinyLlama.</summary>
    public static Architecture Llama { get; } = new()
    {
        ModelType = "llama",
        ClassName = "LlamaForCausalLM",
        OffersAttentionBias = true,
        OffersMlpBias = true,
        DefaultMaxPositions = 2048,
        DefaultBeginToken = 1,
        DefaultEndTokens = [2],
    };

    /// <summary>Mistral: a sliding window over all layers.</summary>
    public static Architecture Mistral { get; } = new()
    {
        ModelType = "mistral",
        ClassName = "MistralForCausalLM",
        Windows = WindowRule.EveryLayer,
        DefaultKeyValueHeads = 8,
        DefaultMaxPositions = 131072,
        DefaultBeginToken = 1,
        DefaultEndTokens = [2],
    };

    /// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
    public static Architecture Qwen2 { get; } = new()
    {
        ModelType = "qwen2",
        ClassName = "Qwen2ForCausalLM",
        BiasedModules = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        Windows = WindowRule.LaterLayers,
        DefaultKeyValueHeads = 32,
        DefaultMaxPositions = 32768,
    };

    /// <summary>Qwen 3: queries and keys are normalised head by head before they are turned.</summary>
    public static Architecture Qwen3 { get; } = new()
    {
        ModelType = "qwen3",
        ClassName = "Qwen3ForCausalLM",
        OffersAttentionBias = true,
        NormalisesHeads = true,
        Windows = WindowRule.LaterLayers,
        DefaultKeyValueHeads = 32,
        DefaultHeadDimension = 128,
        DefaultMaxPositions = 32768,
    };

    /// <summary>All that are supported.</summary>
    public static IReadOnlyList<Architecture> All { get; } = [Llama, Mistral, Qwen2, Qwen3];

    /// <summary>The name in <c>model_type</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>The transformers library's class, for <c>architectures</c>.</summary>
    public required string ClassName { get; init; }

    /// <summary>The checkpoint's names of modules that are not Llama's, by ours.</summary>
    internal IReadOnlyDictionary<string, string> Spelling { get; private init; } = new Dictionary<string, string>();

    /// <summary>The modules of a layer that always have a bias.</summary>
    public IReadOnlyList<string> BiasedModules { get; private init; } = [];

    /// <summary>Whether <c>attention_bias</c> can give the four attention projections biases.</summary>
    public bool OffersAttentionBias { get; private init; }

    /// <summary>Whether <c>mlp_bias</c> can give the three feed-forward projections biases.</summary>
    public bool OffersMlpBias { get; private init; }

    /// <summary>Whether an RMSNorm (<c>q_norm</c>, <c>k_norm</c>) goes over each head of queries and keys before rotation.</summary>
    public bool NormalisesHeads { get; private init; }

    /// <summary>Which layers a sliding window limits.</summary>
    public WindowRule Windows { get; private init; }

    /// <summary>What an absent <c>num_key_value_heads</c> means; null for as many as query heads.</summary>
    internal int? DefaultKeyValueHeads { get; private init; }

    /// <summary>What an absent <c>head_dim</c> means; null for hidden_size / num_attention_heads.</summary>
    internal int? DefaultHeadDimension { get; private init; }

    /// <summary>What an absent <c>max_position_embeddings</c> means.</summary>
    internal int DefaultMaxPositions { get; private init; }

    /// <summary>What an absent <c>bos_token_id</c> means.</summary>
    internal int? DefaultBeginToken { get; private init; }

    /// <summary>What an absent <c>eos_token_id</c> means.</summary>
    internal IReadOnlyList<int> DefaultEndTokens { get; private init; } = [];

    /// <summary>The architecture of a <c>model_type</c>; null when it is not supported.</summary>
    public static Architecture? Find(string? modelType) => All.FirstOrDefault(architecture => architecture.ModelType == modelType);

    /// <summary>The supported values of <c>model_type</c>, for messages.</summary>
    internal static string Supported => string.Join(", ", All.Select(architecture => architecture.ModelType));
}
