using System.Text;
using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Makes a <see cref="ModelConfig"/> of the keys of a GGUF file. What would make the model compute something else than we do is
/// refused
/// by its key.</summary>
internal static class GgufConfig
{
    private const string ArchitectureKey = "general.architecture";
    private const int KeysInWarning = 10;

    // Keys that are read, or change nothing that a model computes.
    private static readonly HashSet<string> Understood =
    [
        "vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count",
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
        "attention.layer_norm_epsilon", "attention.sliding_window", "attention.sliding_window_pattern", "attention.causal",
            "attention.scale",
        "attn_logit_softcapping", "final_logit_softcapping", "embedding_scale", "residual_scale", "logit_scale",
        "rope.dimension_count", "rope.freq_base", "rope.freq_base_swa", "rope.scaling.finetuned", .. GgufRopeKeys.All, "tensor_data_layout",
        "pooling_type", "expert_count", "expert_used_count", "use_parallel_residual",
    ];

    /// <summary>The names of the file's architecture.</summary>
    /// <exception cref="KalmException">It is not supported.</exception>
    public static GgufNames Names(GgufMetadata metadata) => GgufNames.OfFile(metadata.Text(ArchitectureKey))
        ?? throw metadata.Fault(ArchitectureKey, $"one of {GgufNames.Supported}");

    /// <summary>The configuration, by way of the config.json that the file was made from: what the keys leave out means what it means
    /// there.</summary>
    /// <param name="shards">The files.</param>
    /// <param name="names">The names of their architecture.</param>
    /// <param name="ends">The tokens that end a text.</param>
    /// <param name="warnings">Takes the keys that are passed over.</param>
    /// <exception cref="KalmException">A key is missing or asks for something that is not supported.</exception>
    public static ModelConfig Read(GgufShards shards, GgufNames names, IReadOnlyList<int> ends, List<string> warnings)
    {
        var metadata = shards.Metadata;
        var keys = new GgufKeys(metadata, names.Architecture);
        var type = ModelType(keys, names);
        var architecture = Architecture.Find(type)
            ?? throw new KalmException(
                $"{metadata.Path}: {ArchitectureKey}: found '{names.Architecture}', which is {type}; supported: {Architecture.Supported}");
        GgufSupport.Require(keys, architecture);
        var json = new JsonObject { ["model_type"] = type };
        AddSizes(json, keys, architecture, (int)Embedding(shards).Shape[0]);
        AddBiases(json, shards, architecture);
        GgufFactors.Add(json, keys, architecture);
        GgufWindows.Add(json, keys, architecture);
        GgufRope.Add(json, shards, keys, architecture);
        json["tie_word_embeddings"] = shards.TryFind("output.weight") is null;
        json["bos_token_id"] = metadata.Count("tokenizer.ggml.bos_token_id");
        json["eos_token_id"] = new JsonArray([.. ends.Select(end => JsonValue.Create(end))]);
        json["torch_dtype"] = metadata.Whole("general.file_type") switch
        {
            1 => "float16",
            32 => "bfloat16",
            _ => "float32",
        };
        if (keys.Beside(Understood).ToList() is { Count: > 0 } others)
            warnings.Add($"{metadata.Path}: keys that are not understood and passed over: "
                + string.Join(", ", others.Take(KeysInWarning).Select(FileFault.Plain))
                + (others.Count > KeysInWarning ? ", ..." : ""));
        return ModelConfigFile.Read(JsonFields.Parse(metadata.Path, Encoding.UTF8.GetBytes(json.ToJsonString())));
    }

    // One architecture of llama.cpp can stand for two of ours; it has a window where they have.
    private static string ModelType(GgufKeys keys, GgufNames names) =>
        names.ModelTypes.Count > 1 && keys.Count("attention.sliding_window") is > 0 ? names.ModelTypes[1] : names.ModelTypes[0];

    private static void AddSizes(JsonObject json, GgufKeys keys, Architecture architecture, int vocabulary)
    {
        var (width, heads) = (keys.Required("embedding_length"), keys.Required("attention.head_count"));
        var headDimension = HeadDimension(keys);
        if (keys.Count("attention.value_length") is { } values && values != headDimension)
            throw keys.Fault("attention.value_length", $"{headDimension}, as of keys");
        if (!architecture.Defaults.HasEqualHeads)
            json["head_dim"] = headDimension;
        else if (headDimension * heads != width)
            throw keys.Fault("attention.key_length", $"{width} / {heads}, embedding_length / attention.head_count");
        json["hidden_size"] = width;
        json["num_attention_heads"] = heads;
        json["num_key_value_heads"] = keys.Count("attention.head_count_kv") ?? heads;
        json["intermediate_size"] = keys.Required("feed_forward_length");
        json["num_hidden_layers"] = keys.Required("block_count");
        json["vocab_size"] = vocabulary;
        json["max_position_embeddings"] = keys.Required("context_length");
        var epsilon = architecture.Norm == NormKind.LayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
        json[architecture.NormEpsilonKey] = keys.Number(epsilon) ?? throw keys.Fault(epsilon, "a number");
        if (architecture.OffersParallel)
            json["use_parallel_residual"] = keys.Flag("use_parallel_residual") ?? architecture.IsParallel;
    }

    /// <summary>The width of a head.</summary>
    public static int HeadDimension(GgufKeys keys)
    {
        var (width, heads) = (keys.Required("embedding_length"), keys.Required("attention.head_count"));
        return keys.Count("attention.key_length") ?? (heads > 0 && width % heads == 0 ? width / heads
            : throw keys.Fault("attention.head_count", $"a divisor of embedding_length, {width}, or attention.key_length given"));
    }

    private static void AddBiases(JsonObject json, GgufShards shards, Architecture architecture)
    {
        foreach (var (option, tensors) in new[]
        {
            (architecture.AttentionBias, new[] { "attn_q", "attn_qkv" }), (architecture.OutputBias, ["attn_output"]),
                (architecture.MlpBias, ["ffn_up", "ffn_gate"]),
        })
            if (option is not null && (json[option.Key] as JsonValue)?.GetValue<bool>() != true)
                json[option.Key] = tensors.Any(tensor => shards.TryFind($"blk.0.{tensor}.bias") is not null);
    }

    private static GgufTensor Embedding(GgufShards shards)
    {
        const string Name = "token_embd.weight";
        var tensor = (shards.TryFind(Name) ?? throw GgufHeader.Fault(shards.Files[0].Path, Name,
            "missing; expected the embedding of the tokens")).Tensor;
        return tensor.Shape.Count == 2 && tensor.Shape[0] is > 0 and <= int.MaxValue ? tensor
            : throw GgufHeader.Fault(shards.Files[0].Path, Name,
                $"found the shape {TensorEntry.Describe(tensor.Shape)}, expected [tokens, width]");
    }
}
