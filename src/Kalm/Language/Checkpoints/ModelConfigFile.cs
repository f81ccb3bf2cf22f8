using System.Text.Json;

namespace Kalm.Language.Checkpoints;

/// <summary>Reads and writes <see cref="ModelConfig"/> as <c>config.json</c>. Absent keys mean what they mean to the transformers
/// library's LlamaConfig.</summary>
internal static class ModelConfigFile
{
    private const string Architecture = "LlamaForCausalLM";

    /// <summary>Reads and checks the file.</summary>
    public static ModelConfig Read(string path)
    {
        var fields = JsonFields.Load(path);
        RequireSupported(fields);
        var hiddenSize = fields.RequiredInteger("hidden_size");
        var headCount = fields.RequiredInteger("num_attention_heads");
        var rope = fields.Object(fields.EitherKey("rope_parameters", "rope_scaling"));
        RequireWholeRotation(fields);
        RequireWholeRotation(rope);
        var config = new ModelConfig
        {
            HiddenSize = hiddenSize,
            IntermediateSize = fields.RequiredInteger("intermediate_size"),
            LayerCount = fields.RequiredInteger("num_hidden_layers"),
            HeadCount = headCount,
            KeyValueHeadCount = fields.Integer("num_key_value_heads") ?? headCount,
            HeadDimension = fields.Integer("head_dim") ?? DefaultHeadDimension(fields, hiddenSize, headCount),
            VocabularySize = fields.RequiredInteger("vocab_size"),
            NormEpsilon = fields.Number("rms_norm_eps") ?? 1e-6,
            RopeTheta = Theta(fields, rope),
            RopeScaling = RopeScaling.Read(rope),
            MaxPositions = fields.Integer("max_position_embeddings") ?? 2048,
            SlidingWindow = fields.Integer("sliding_window"),
            TieWordEmbeddings = fields.Flag("tie_word_embeddings") ?? false,
            AttentionBias = fields.Flag("attention_bias") ?? false,
            MlpBias = fields.Flag("mlp_bias") ?? false,
            BeginTokenId = fields.Has("bos_token_id") ? fields.Integer("bos_token_id") : 1,
            EndTokenIds = fields.Has("eos_token_id") ? EndTokens(fields) : [2],
            TorchType = WeightType(fields),
        };
        Check(config, path);
        return config;
    }

    /// <summary>Checks that the values are in range and fit together.</summary>
    public static void Check(ModelConfig config, string path)
    {
        if (config.ModelType != ModelConfig.Llama)
            throw Fault("model_type", config.ModelType, ModelConfig.Llama);
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
            throw Fault("sliding_window", window, "null: the Llama architecture has none");
        if (config.AttentionBias)
            throw Fault("attention_bias", "true", "false: biases are not supported yet");
        if (config.MlpBias)
            throw Fault("mlp_bias", "true", "false: biases are not supported yet");
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

    /// <summary>The text of the file. It has the older spellings, which old and new readers understand.</summary>
    public static string Write(ModelConfig config) => JsonText.Object(json =>
    {
        json.WriteTexts("architectures", [Architecture]);
        json.WriteBoolean("attention_bias", config.AttentionBias);
        json.WriteFloat("attention_dropout", 0);
        if (config.BeginTokenId is { } begin)
            json.WriteNumber("bos_token_id", begin);
        else
            json.WriteNull("bos_token_id");
        WriteEndTokens(json, config.EndTokenIds);
        json.WriteNumber("head_dim", config.HeadDimension);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteFloat("initializer_range", 0.02);
        json.WriteNumber("intermediate_size", config.IntermediateSize);
        json.WriteNumber("max_position_embeddings", config.MaxPositions);
        json.WriteBoolean("mlp_bias", config.MlpBias);
        json.WriteString("model_type", config.ModelType);
        json.WriteNumber("num_attention_heads", config.HeadCount);
        json.WriteNumber("num_hidden_layers", config.LayerCount);
        json.WriteNumber("num_key_value_heads", config.KeyValueHeadCount);
        json.WriteFloat("rms_norm_eps", config.NormEpsilon);
        WriteRopeScaling(json, config.RopeScaling);
        json.WriteFloat("rope_theta", config.RopeTheta);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        json.WriteString("torch_dtype", config.TorchType.TorchName());
        json.WriteBoolean("use_cache", true);
        json.WriteNumber("vocab_size", config.VocabularySize);
    });

    // What would make the model compute something else than we do is refused rather than ignored.
    private static void RequireSupported(JsonFields fields)
    {
        if (fields.Value("auto_map") is not null)
            throw fields.Fault("auto_map", "nothing: code that comes with a model is never run");
        if (fields.Text("model_type") != ModelConfig.Llama)
            throw fields.Fault("model_type", $"a supported architecture: {ModelConfig.Llama}");
        if ((fields.Text("hidden_act") ?? "silu") != "silu")
            throw fields.Fault("hidden_act", "silu");
        if (fields.Value("quantization_config") is not null)
            throw fields.Fault("quantization_config", "null: quantized checkpoints are not supported");
    }

    private static void RequireWholeRotation(JsonFields? fields)
    {
        if (fields?.Number("partial_rotary_factor") is { } share && share != 1)
            throw fields.Fault("partial_rotary_factor", "1: all of a head is rotated");
    }

    private static int DefaultHeadDimension(JsonFields fields, int hiddenSize, int headCount)
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

    private static void WriteEndTokens(Utf8JsonWriter json, IReadOnlyList<int> tokens)
    {
        const string Key = "eos_token_id";
        if (tokens.Count == 0)
            json.WriteNull(Key);
        else if (tokens.Count == 1)
            json.WriteNumber(Key, tokens[0]);
        else
        {
            json.WriteStartArray(Key);
            foreach (var token in tokens)
                json.WriteNumberValue(token);
            json.WriteEndArray();
        }
    }

    private static void WriteRopeScaling(Utf8JsonWriter json, RopeScaling? scaling)
    {
        if (scaling is null)
        {
            json.WriteNull("rope_scaling");
            return;
        }
        json.WriteStartObject("rope_scaling");
        json.WriteFloat("factor", scaling.Factor);
        json.WriteFloat("high_freq_factor", scaling.HighFrequencyFactor);
        json.WriteFloat("low_freq_factor", scaling.LowFrequencyFactor);
        json.WriteNumber("original_max_position_embeddings", scaling.OriginalMaxPositions);
        json.WriteString("rope_type", RopeScaling.TypeName);
        json.WriteEndObject();
    }
}
