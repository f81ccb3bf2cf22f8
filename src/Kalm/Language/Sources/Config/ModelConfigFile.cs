using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>Reads <see cref="ModelConfig"/> from a <c>config.json</c>. Absent keys mean what they mean to the transformers library's
/// configuration of the same architecture.</summary>
internal static class ModelConfigFile
{
    private const string Ties = "tie_word_embeddings";
    private const string BeginToken = "bos_token_id";
    private const string EndToken = "eos_token_id";

    /// <summary>Reads and checks the file.</summary>
    public static ModelConfig Read(string path) => Read(JsonFields.Load(path));

    /// <summary>Reads and checks what such a file says.</summary>
    public static ModelConfig Read(JsonFields file)
    {
        var (fields, architecture) = TextPart.Find(file);
        RequireSupported(file, architecture);
        RequireSupported(fields, architecture);
        var config = ReadLayers(fields, architecture, ReadSizes(fields, architecture, isNested: fields != file));
        config = config with
        {
            TieWordEmbeddings = Holder(Ties).Flag(Ties) ?? architecture.Defaults.Ties,
            BeginTokenId = Holder(BeginToken).Has(BeginToken) ? Holder(BeginToken).Integer(BeginToken)
                : Known(architecture.Defaults.BeginToken, config),
            EndTokenIds = Holder(EndToken).Has(EndToken) ? EndTokens(Holder(EndToken))
                : [.. architecture.Defaults.EndTokens.Where(token => token < config.VocabularySize)],
            TorchType = WeightType(fields.Has("dtype") || fields.Has("torch_dtype") ? fields : file),
        };
        ModelConfigCheck.Require(config, file.Path);
        return config;

        // What a part for text leaves out the whole says.
        JsonFields Holder(string key) => fields.Has(key) ? fields : file;
    }

    private static ModelConfig ReadSizes(JsonFields fields, Architecture architecture, bool isNested)
    {
        var defaults = architecture.Defaults;
        var hiddenSize = Size("hidden_size", defaults.Hidden);
        var headCount = Size("num_attention_heads", defaults.Heads);
        return new ModelConfig
        {
            Architecture = architecture,
            HiddenSize = hiddenSize,
            IntermediateSize = Size("intermediate_size", defaults.Intermediate),
            LayerCount = Size("num_hidden_layers", defaults.Layers),
            HeadCount = headCount,
            KeyValueHeadCount =
                architecture.HasOwnKeyHeads ? headCount : Optional("num_key_value_heads", defaults.KeyValueHeads) ?? headCount,
            HeadDimension = (defaults.HasEqualHeads ? null : Optional("head_dim", defaults.HeadDimension))
                ?? EqualShare(fields, hiddenSize, headCount),
            VocabularySize = Size("vocab_size", defaults.Vocabulary),
            MaxPositions = fields.Integer("max_position_embeddings") ?? defaults.MaxPositions,
        };

        // A part for text within another file is written without the numbers that go without saying.
        int Size(string key, int absent) => isNested && !fields.Has(key) ? absent : fields.RequiredInteger(key);

        int? Optional(string key, int? absent) => fields.Has(key) ? fields.Integer(key) : absent;
    }

    private static ModelConfig ReadLayers(JsonFields fields, Architecture architecture, ModelConfig config)
    {
        var defaults = architecture.Defaults;
        config = config with
        {
            Activation = ReadActivation(fields, architecture),
            NormEpsilon = fields.Number(architecture.NormEpsilonKey) ?? defaults.NormEpsilon,
            IsParallel = (architecture.OffersParallel ? fields.Flag("use_parallel_residual") : null) ?? architecture.IsParallel,
            AttentionBias = Bias(fields, architecture, architecture.AttentionBias, "attention_bias"),
            OutputBias = architecture.OutputBias is { } output && (fields.Flag(output.Key) ?? output.Default),
            MlpBias = Bias(fields, architecture, architecture.MlpBias, "mlp_bias"),
            EmbeddingMultiplier = architecture.HasMultipliers ? fields.Number("embedding_multiplier") ?? 1 : 1,
            ResidualMultiplier = architecture.HasMultipliers ? fields.Number("residual_multiplier") ?? 1 : 1,
            AttentionMultiplier = architecture.HasMultipliers ? fields.Number("attention_multiplier") ?? 1 : null,
            QueryScalar = architecture.HasQueryScalar ? fields.Number("query_pre_attn_scalar") ?? 256 : null,
            ScoreCap = architecture.SoftCaps.Scores ? Cap(fields, "attn_logit_softcapping", defaults.ScoreCap) : null,
            LogitCap = architecture.SoftCaps.Logits ? Cap(fields, "final_logit_softcapping", defaults.LogitCap) : null,
            LogitScale = architecture.LogitScaleKey is { } key ? fields.Number(key) ?? defaults.LogitScale : 1,
            RotatedLayers = architecture.Rotation == RotationRule.ListedLayers ? ReadRotatedLayers(fields, config.LayerCount) : null,
        };
        return RopeReader.Read(fields, SlidingWindows.Read(fields, config));
    }

    private static double? Cap(JsonFields fields, string key, double? absent) => fields.Has(key) ? fields.Number(key) : absent;

    private static Activation ReadActivation(JsonFields fields, Architecture architecture)
    {
        // Gemma's first files have both keys, and mean the second.
        const string Newer = "hidden_activation";
        var key = fields.Text(Newer) is not null && architecture.ScalesEmbeddings ? Newer : architecture.ActivationKey;
        return fields.Text(key) is not { } name ? architecture.Defaults.Activation
            : ActivationNames.Find(name) ?? throw fields.Fault(key, $"one of {ActivationNames.All}");
    }

    // What would make the model compute something else than we do is refused rather than ignored.
    private static void RequireSupported(JsonFields fields, Architecture architecture)
    {
        if (fields.Value("quantization_config") is not null)
            throw fields.Fault(
                "quantization_config",
                "null: quantized checkpoints are not supported; take the model's unquantized folder, or a GGUF file of it");
        if (fields.Flag("is_causal") == false)
            throw fields.Fault("is_causal", "true: a token sees those before it only");
        foreach (var option in architecture.RefusedOptions)
            if (fields.Flag(option) ?? false)
                throw fields.Fault(option, "false: it is not supported");
    }

    // Where biases are fixed by the architecture the key says nothing, whatever its value.
    private static bool Bias(JsonFields fields, Architecture architecture, BiasOption? option, string usualKey)
    {
        if (option is not null)
            return fields.Flag(option.Key) ?? option.Default;
        var isSettled = architecture.BiasedModules.Contains(usualKey == "attention_bias" ? "self_attn.q_proj" : "mlp.up_proj");
        return (fields.Flag(usualKey) ?? false) && !isSettled ? throw fields.Fault(usualKey, "false: this architecture has none") : false;
    }

    private static List<bool> ReadRotatedLayers(JsonFields fields, int layerCount)
    {
        const string Key = "no_rope_layers";
        const string IntervalKey = "no_rope_layer_interval";
        if (fields.Value(Key) is { } list)
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() < layerCount)
                throw fields.Fault(Key, $"a list of at least {layerCount} numbers 0 or 1, num_hidden_layers");
            return [.. list.EnumerateArray().Take(layerCount).Select(item => item.ValueKind switch
            {
                JsonValueKind.Number => item.TryGetInt32(out var number) ? number != 0 : throw fields.Fault(Key, "numbers 0 or 1"),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => throw fields.Fault(Key, "numbers 0 or 1"),
            })];
        }
        var interval = fields.Integer(IntervalKey) ?? 4;
        return interval > 0 ? SlidingWindows.Layers(fields, layerCount, layer => (layer + 1) % interval != 0)
            : throw fields.Fault(IntervalKey, "a positive whole number");
    }

    private static int EqualShare(JsonFields fields, int hiddenSize, int headCount)
    {
        if (headCount <= 0)
            throw fields.Fault("num_attention_heads", "a positive whole number");
        if (hiddenSize % headCount != 0)
            throw fields.Fault("num_attention_heads", $"a divisor of hidden_size, {hiddenSize}, or head_dim given");
        return hiddenSize / headCount;
    }

    private static int? Known(int? token, ModelConfig config) => token < config.VocabularySize ? token : null;

    private static TensorType WeightType(JsonFields fields)
    {
        var key = fields.EitherKey("dtype", "torch_dtype");
        return fields.Text(key) is not { } name ? TensorType.F32
            : TensorTypes.FromTorchName(name) ?? throw fields.Fault(key, "float32, float16 or bfloat16");
    }

    private static int[] EndTokens(JsonFields fields)
    {
        if (fields.Value(EndToken) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return [fields.RequiredInteger(EndToken)];
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var token)
            ? token
            : throw fields.Fault(EndToken, "a whole number or a list of them"))];
    }
}
