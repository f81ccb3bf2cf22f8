using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Language.Export;

/// <summary>The keys that say what a model computes, under its architecture's name.</summary>
internal static class GgufModelKeys
{
    /// <summary>Refuses what llama.cpp computes otherwise or not at all.</summary>
    public static void RequireSupported(ModelConfig config, GgufNames names)
    {
        var type = config.Architecture.ModelType;
        GgufRopeScaling.RequireSupported(config, names);
        if (config.AttentionBias && config.Architecture.NormalisesHeads)
            throw Fault("attention_bias", "true", "false: llama.cpp has no such biases there");
        if (config.Activation != config.Architecture.Defaults.Activation)
            throw Fault(config.Architecture.ActivationKey, config.Activation.ToString(),
                $"{config.Architecture.Defaults.Activation}: llama.cpp has no other there");
        if (config.QueryScalar is { } scalar
            && scalar != GgufFactors.QueryScalar(config.Architecture, config.LayerCount, config.HiddenSize, config.HeadCount,
                config.HeadDimension))
            throw Fault("query_pre_attn_scalar", $"{scalar}", "what llama.cpp takes, which has no key for it");
        if (config.RotatedLayers is { } rotated && rotated.Index().Any(layer => layer.Item != ((layer.Index + 1) % 4 != 0)))
            throw Fault("no_rope_layers", "a list of its own", "every fourth layer: llama.cpp knows no other");

        KalmException Fault(string key, string found, string expected) => new($"{key}: found {found} on {type}; expected {expected}");
    }

    /// <summary>Adds the keys.</summary>
    public static void Add(GgufWriter writer, string architecture, ModelConfig config)
    {
        Count("vocab_size", config.VocabularySize);
        Count("context_length", config.MaxPositions);
        Count("embedding_length", config.HiddenSize);
        Count("block_count", config.LayerCount);
        Count("feed_forward_length", config.IntermediateSize);
        Count("attention.head_count", config.HeadCount);
        Count("attention.head_count_kv", config.KeyValueHeadCount);
        Count("attention.key_length", config.HeadDimension);
        Count("attention.value_length", config.HeadDimension);
        Number(config.Architecture.Norm == NormKind.LayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon",
            config.NormEpsilon);
        AddWindows(writer, architecture, config);
        Count("rope.dimension_count", (int)(config.HeadDimension * config.RotatedShare));
        Number("rope.freq_base", GgufRopeScaling.Base(config));
        if (config.Architecture.WindowedThetaKey is not null && config.WindowedRotary is { } windowed)
            Number("rope.freq_base_swa", windowed.Theta);
        GgufRopeScaling.AddKeys(writer, architecture, config);
        if (config.Architecture.OffersParallel)
            writer.Add($"{architecture}.use_parallel_residual", config.IsParallel);
        if (config.ScoreCap is { } scores)
            Number("attn_logit_softcapping", scores);
        if (config.LogitCap is { } logits)
            Number("final_logit_softcapping", logits);
        if (config.Architecture.HasMultipliers)
        {
            Number("attention.scale", config.AttentionMultiplier ?? config.ScoreFactor);
            Number("embedding_scale", config.EmbeddingMultiplier);
            Number("residual_scale", config.ResidualMultiplier);
        }
        if (config.Architecture.LogitScaleKey is not null)
            Number("logit_scale", config.LogitScale);

        void Count(string key, int value) => writer.Add($"{architecture}.{key}", (long)value);

        void Number(string key, double value) => writer.Add($"{architecture}.{key}", value);
    }

    // A pattern is written where a window alone would not say which layers it limits.
    private static void AddWindows(GgufWriter writer, string architecture, ModelConfig config)
    {
        if (config.SlidingWindow is not { } window)
            return;
        writer.Add($"{architecture}.attention.sliding_window", (long)window);
        var layers = Enumerable.Range(0, config.LayerCount).Select(layer => config.WindowOf(layer) is not null).ToList();
        var period = config.Architecture.WindowPeriod;
        if (config.Architecture.Windows switch
        {
            WindowRule.EveryLayer => false,
            WindowRule.Periodic => layers.Index().Any(layer => layer.Item != ((layer.Index + 1) % period != 0)),
            _ => true,
        })
            writer.Add($"{architecture}.attention.sliding_window_pattern", layers);
    }
}
