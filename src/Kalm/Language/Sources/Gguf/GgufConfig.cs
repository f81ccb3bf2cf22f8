using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Makes a <see cref="ModelConfig"/> of the keys of a GGUF file. What would make the model compute something else than we do is refused
/// by its key.</summary>
internal static class GgufConfig
{
    private const string ArchitectureKey = "general.architecture";

    // Keys that are read here or change nothing that a model computes.
    private static readonly HashSet<string> Understood =
    [
        "vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count",
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
        "attention.layer_norm_epsilon", "attention.sliding_window", "attention.sliding_window_pattern", "attention.causal",
        "rope.dimension_count", "rope.freq_base", "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
        "rope.scaling.finetuned", "rope.scale_linear", "tensor_data_layout", "pooling_type", "expert_count", "expert_used_count",
    ];

    /// <summary>The names of the file's architecture.</summary>
    /// <exception cref="KalmException">It is not supported.</exception>
    public static GgufNames Names(GgufMetadata metadata) => GgufNames.OfFile(metadata.Text(ArchitectureKey))
        ?? throw metadata.Fault(ArchitectureKey, $"one of {GgufNames.Supported}");

    /// <summary>The configuration.</summary>
    /// <param name="shards">The files.</param>
    /// <param name="names">The names of their architecture.</param>
    /// <param name="ends">The tokens that end a text.</param>
    /// <param name="warnings">Takes the keys that are passed over.</param>
    /// <exception cref="KalmException">A key is missing or asks for something that is not supported.</exception>
    public static ModelConfig Read(GgufShards shards, GgufNames names, IReadOnlyList<int> ends, List<string> warnings)
    {
        var metadata = shards.Metadata;
        var keys = new GgufKeys(metadata, names.Architecture);
        var architecture = ReadArchitecture(keys, names);
        RequireSupported(keys);
        var layers = keys.Required("block_count");
        var heads = keys.Required("attention.head_count");
        var width = keys.Required("embedding_length");
        var headDimension = keys.Count("attention.key_length") ?? EqualShare(keys, width, heads);
        if (keys.Count("attention.value_length") is { } values && values != headDimension)
            throw keys.Fault("attention.value_length", $"{headDimension}, as of keys");
        if (keys.Count("rope.dimension_count") is { } turned && turned != headDimension)
            throw keys.Fault("rope.dimension_count", $"{headDimension}: all of a head is rotated");
        var (window, windowed) = Windows(keys, architecture, layers);
        var config = new ModelConfig
        {
            Architecture = architecture,
            HiddenSize = width,
            IntermediateSize = keys.Required("feed_forward_length"),
            LayerCount = layers,
            HeadCount = heads,
            KeyValueHeadCount = keys.Count("attention.head_count_kv") ?? heads,
            HeadDimension = headDimension,
            VocabularySize = (int)Embedding(shards).Shape[0],
            NormEpsilon = keys.Number("attention.layer_norm_rms_epsilon") ?? throw keys.Fault("attention.layer_norm_rms_epsilon", "a number"),
            RopeTheta = keys.Number("rope.freq_base") ?? 10000,
            RopeScaling = GgufRope.Read(shards, keys, headDimension),
            MaxPositions = keys.Required("context_length"),
            SlidingWindow = window,
            WindowedLayers = windowed,
            TieWordEmbeddings = shards.TryFind("output.weight") is null,
            AttentionBias = architecture.OffersAttentionBias && shards.TryFind("blk.0.attn_q.bias") is not null,
            MlpBias = architecture.OffersMlpBias && shards.TryFind("blk.0.ffn_gate.bias") is not null,
            BeginTokenId = metadata.Count("tokenizer.ggml.bos_token_id"),
            EndTokenIds = ends,
            TorchType = metadata.Whole("general.file_type") switch
            {
                1 => TensorType.F16,
                32 => TensorType.BF16,
                _ => TensorType.F32,
            },
        };
        ModelConfigFile.Check(config, metadata.Path);
        if (keys.Beside(Understood).ToList() is { Count: > 0 } others)
            warnings.Add($"{metadata.Path}: keys that are not understood and passed over: {string.Join(", ", others)}");
        return config;
    }

    private static Architecture ReadArchitecture(GgufKeys keys, GgufNames names)
    {
        // Mistral is a Llama with a window; llama.cpp's converter leaves the window out.
        var type = names.Architecture == "llama" && keys.Count("attention.sliding_window") is > 0 ? "mistral" : names.ModelTypes[0];
        return Architecture.Find(type)
            ?? throw new KalmException($"{keys.Path}: {ArchitectureKey}: found '{names.Architecture}', which is {type}; supported: {Architecture.Supported}");
    }

    private static void RequireSupported(GgufKeys keys)
    {
        if (keys.Count("expert_count") is > 0)
            throw keys.Fault("expert_count", "0: mixtures of experts are not supported");
        if (keys.Flag("attention.causal") == false)
            throw keys.Fault("attention.causal", "true: a token sees those before it only");
        foreach (var (key, neutral) in new[] { ("attention.clamp_kqv", 0), ("attention.max_alibi_bias", 0), ("attn_logit_softcapping", 0),
            ("final_logit_softcapping", 0), ("attention.scale", 0), ("embedding_scale", 1), ("residual_scale", 1), ("logit_scale", 1), ("attention.temperature_scale", 0) })
            if (keys.Number(key) is { } value && value != neutral && value != 0)
                throw keys.Fault(key, $"{neutral} or nothing: this architecture has no such thing here");
    }

    private static int EqualShare(GgufKeys keys, int width, int heads) => heads > 0 && width % heads == 0 ? width / heads
        : throw keys.Fault("attention.head_count", $"a divisor of embedding_length, {width}, or attention.key_length given");

    private static GgufTensor Embedding(GgufShards shards)
    {
        const string Name = "token_embd.weight";
        var tensor = (shards.TryFind(Name) ?? throw GgufHeader.Fault(shards.Files[0].Path, Name, "missing; expected the embedding of the tokens")).Tensor;
        return tensor.Shape.Count == 2 && tensor.Shape[0] is > 0 and <= int.MaxValue ? tensor
            : throw GgufHeader.Fault(shards.Files[0].Path, Name, $"found the shape {TensorEntry.Describe(tensor.Shape)}, expected [tokens, width]");
    }

    // Qwen's files name a window whether it is used or not: only a pattern says that it is.
    private static (int? Window, IReadOnlyList<bool>? Layers) Windows(GgufKeys keys, Architecture architecture, int layers)
    {
        if (architecture.Windows == WindowRule.None || keys.Count("attention.sliding_window") is not > 0 and var absent)
            return (null, null);
        var window = keys.Count("attention.sliding_window");
        var pattern = keys.Flags("attention.sliding_window_pattern");
        if (pattern is null)
            return architecture.Windows == WindowRule.EveryLayer ? (window, null) : (null, null);
        if (pattern.Count != layers)
            throw keys.Fault("attention.sliding_window_pattern", $"a list of {layers}, block_count");
        return pattern.Contains(true) ? (window, pattern.Contains(false) ? pattern : null) : (null, null);
    }
}
