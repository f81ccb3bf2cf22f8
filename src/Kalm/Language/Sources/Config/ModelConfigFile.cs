using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>Reads and checks <see cref="ModelConfig"/> in a <c>config.json</c>. Absent keys mean what they mean to the transformers
/// library's configuration of the same architecture.</summary>
internal static class ModelConfigFile
{
    /// <summary>Reads and checks the file.</summary>
    public static ModelConfig Read(string path)
    {
        var fields = JsonFields.Load(path);
        var architecture = ReadArchitecture(fields);
        RequireSupported(fields);
        var hiddenSize = fields.RequiredInteger("hidden_size");
        var headCount = fields.RequiredInteger("num_attention_heads");
        var rope = fields.Object(fields.EitherKey("rope_parameters", "rope_scaling"));
        RequireWholeRotation(fields);
        RequireWholeRotation(rope);
        var layerCount = fields.RequiredInteger("num_hidden_layers");
        var (window, windowed) = SlidingWindows.Read(fields, architecture, layerCount);
        var config = new ModelConfig
        {
            Architecture = architecture,
            HiddenSize = hiddenSize,
            IntermediateSize = fields.RequiredInteger("intermediate_size"),
            LayerCount = layerCount,
            HeadCount = headCount,
            KeyValueHeadCount = fields.Integer("num_key_value_heads") ?? (fields.Has("num_key_value_heads") ? null : architecture.DefaultKeyValueHeads) ?? headCount,
            HeadDimension = fields.Integer("head_dim") ?? (fields.Has("head_dim") ? null : architecture.DefaultHeadDimension) ?? EqualShare(fields, hiddenSize, headCount),
            VocabularySize = fields.RequiredInteger("vocab_size"),
            NormEpsilon = fields.Number("rms_norm_eps") ?? 1e-6,
            RopeTheta = Theta(fields, rope),
            RopeScaling = RopeScaling.Read(rope),
            MaxPositions = fields.Integer("max_position_embeddings") ?? architecture.DefaultMaxPositions,
            SlidingWindow = window,
            WindowedLayers = windowed,
            TieWordEmbeddings = fields.Flag("tie_word_embeddings") ?? false,
            AttentionBias = Bias(fields, "attention_bias", architecture.OffersAttentionBias, architecture.BiasedModules.Count > 0),
            MlpBias = Bias(fields, "mlp_bias", architecture.OffersMlpBias, false),
            BeginTokenId = fields.Has("bos_token_id") ? fields.Integer("bos_token_id") : architecture.DefaultBeginToken,
            EndTokenIds = fields.Has("eos_token_id") ? EndTokens(fields) : architecture.DefaultEndTokens,
            TorchType = WeightType(fields),
        };
        Check(config, path);
        return config;
    }

    /// <summary>Checks that the values are in range and fit together.</summary>
    public static void Check(ModelConfig config, string path)
    {
        Positive("hidden_size", config.HiddenSize);
        Positive("intermediate_size", config.IntermediateSize);
        Positive("num_hidden_layers", config.LayerCount);
        Positive("num_attention_heads", config.HeadCount);
        Positive("num_key_value_heads", config.KeyValueHeadCount);
        Positive("head_dim", config.HeadDimension);
        Positive("vocab_size", config.VocabularySize);
        Positive("max_position_embeddings", config.MaxPositions);
        if (config.HeadCount % config.KeyValueHeadCount != 0)
            throw Fault("num_key_value_heads", config.KeyValueHeadCount, $"a divisor of num_attention_heads, {config.HeadCount}");
        if (config.HeadDimension % 2 != 0)
            throw Fault("head_dim", config.HeadDimension, "an even number: rotary positions turn pairs");
        if (!(config.NormEpsilon > 0) || !double.IsFinite(config.NormEpsilon))
            throw Fault("rms_norm_eps", config.NormEpsilon, "a positive number");
        if (!(config.RopeTheta > 0) || !double.IsFinite(config.RopeTheta))
            throw Fault("rope_theta", config.RopeTheta, "a positive number");
        if (config.SlidingWindow is { } window)
            Positive("sliding_window", window);
        if (config.WindowedLayers is { } windowed && (windowed.Count != config.LayerCount || config.SlidingWindow is null))
            throw Fault("layer_types", $"{windowed.Count} layers", $"{config.LayerCount}, num_hidden_layers, and a sliding_window");
        if (config.BeginTokenId is { } begin)
            Token("bos_token_id", begin);
        foreach (var end in config.EndTokenIds)
            Token("eos_token_id", end);

        void Positive(string key, int value)
        {
            if (value <= 0)
                throw Fault(key, value, "a positive whole number");
        }

        void Token(string key, int value)
        {
            if (value < 0 || value >= config.VocabularySize)
                throw Fault(key, value, $"a token from 0 to {config.VocabularySize - 1}, vocab_size - 1");
        }

        KalmException Fault(string key, object found, string expected) => new($"{path}: {key}: found {found}, expected {expected}");
    }

    private static Architecture ReadArchitecture(JsonFields fields)
    {
        if (fields.Value("auto_map") is not null)
            throw fields.Fault("auto_map", "nothing: code that comes with a model is never run");
        return Architecture.Find(fields.Text("model_type"))
            ?? throw fields.Fault("model_type", $"a supported architecture: {Architecture.Supported}");
    }

    // What would make the model compute something else than we do is refused rather than ignored.
    private static void RequireSupported(JsonFields fields)
    {
        if ((fields.Text("hidden_act") ?? "silu") != "silu")
            throw fields.Fault("hidden_act", "silu");
        if (fields.Value("quantization_config") is not null)
            throw fields.Fault("quantization_config", "null: quantized checkpoints are not supported");
        if (fields.Flag("is_causal") == false)
            throw fields.Fault("is_causal", "true: a token sees those before it only");
    }

    // Where biases are fixed by the architecture the key says nothing, whatever its value.
    private static bool Bias(JsonFields fields, string key, bool offered, bool settled)
    {
        var bias = fields.Flag(key) ?? false;
        return bias && !offered && !settled ? throw fields.Fault(key, "false: this architecture has none") : bias && offered;
    }

    private static void RequireWholeRotation(JsonFields? fields)
    {
        if (fields?.Number("partial_rotary_factor") is { } share && share != 1)
            throw fields.Fault("partial_rotary_factor", "1: all of a head is rotated");
    }

    private static int EqualShare(JsonFields fields, int hiddenSize, int headCount)
    {
        if (headCount <= 0)
            throw fields.Fault("num_attention_heads", "a positive whole number");
        if (hiddenSize % headCount != 0)
            throw fields.Fault("num_attention_heads", $"a divisor of hidden_size, {hiddenSize}, or head_dim given");
        return hiddenSize / headCount;
    }

    // Newer files keep the base of the frequencies inside the rope object; if both places have one they must not differ.
    private static double Theta(JsonFields fields, JsonFields? rope)
    {
        var outer = fields.Number("rope_theta");
        var inner = rope?.Number("rope_theta");
        if (outer is { } first && inner is { } second && first != second)
            throw fields.Fault("rope_theta", $"the same as within the rope object, {second}");
        return inner ?? outer ?? 10000;
    }

    private static TensorType WeightType(JsonFields fields)
    {
        var key = fields.EitherKey("dtype", "torch_dtype");
        return fields.Text(key) is not { } name ? TensorType.F32
            : TensorTypes.FromTorchName(name) ?? throw fields.Fault(key, "float32, float16 or bfloat16");
    }

    private static int[] EndTokens(JsonFields fields)
    {
        const string Key = "eos_token_id";
        if (fields.Value(Key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return [fields.RequiredInteger(Key)];
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var token)
            ? token
            : throw fields.Fault(Key, "a whole number or a list of them"))];
    }
}
