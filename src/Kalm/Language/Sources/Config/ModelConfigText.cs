using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>Writes <see cref="ModelConfig"/> as the text of <c>config.json</c>, with the keys of the architecture's own configuration,
/// where old and
/// new readers differ in both spellings.</summary>
internal static class ModelConfigText
{
    /// <summary>The whole text.</summary>
    public static string Write(ModelConfig config) => JsonText.Object(json =>
    {
        var architecture = config.Architecture;
        json.WriteTexts("architectures", [architecture.ClassName]);
        WriteBiases(json, config);
        json.WriteFloat("attention_dropout", 0);
        if (config.BeginTokenId is { } begin)
            json.WriteNumber("bos_token_id", begin);
        else
            json.WriteNull("bos_token_id");
        WriteEndTokens(json, config.EndTokenIds);
        if (!architecture.Defaults.HasEqualHeads)
            json.WriteNumber("head_dim", config.HeadDimension);
        json.WriteString(architecture.ActivationKey, ActivationNames.Of(config.Activation));
        if (architecture == Architecture.Gemma)
            json.WriteString("hidden_activation", ActivationNames.Of(config.Activation));
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteFloat("initializer_range", 0.02);
        json.WriteNumber("intermediate_size", config.IntermediateSize);
        json.WriteNumber("max_position_embeddings", config.MaxPositions);
        json.WriteString("model_type", architecture.ModelType);
        json.WriteNumber("num_attention_heads", config.HeadCount);
        json.WriteNumber("num_hidden_layers", config.LayerCount);
        if (!architecture.HasOwnKeyHeads)
            json.WriteNumber("num_key_value_heads", config.KeyValueHeadCount);
        json.WriteFloat(architecture.NormEpsilonKey, config.NormEpsilon);
        WriteFactors(json, config);
        if (config.RotatedLayers is { } rotated)
            WriteNumbers(json, "no_rope_layers", rotated.Select(isTurned => isTurned ? 1 : 0));
        if (architecture.OffersParallel)
            json.WriteBoolean("use_parallel_residual", config.IsParallel);
        RopeText.Write(json, config);
        SlidingWindows.Write(json, config);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        json.WriteString("torch_dtype", config.TorchType.TorchName());
        json.WriteBoolean("use_cache", true);
        json.WriteNumber("vocab_size", config.VocabularySize);
    });

    private static void WriteBiases(Utf8JsonWriter json, ModelConfig config)
    {
        var architecture = config.Architecture;
        var written = new HashSet<string>();
        foreach (var (option, isOn) in new[]
        {
            (architecture.AttentionBias, config.AttentionBias), (architecture.OutputBias, config.OutputBias),
            (architecture.MlpBias, config.MlpBias),
        })
            if (option is not null && written.Add(option.Key))
                json.WriteBoolean(option.Key, isOn);
    }

    private static void WriteFactors(Utf8JsonWriter json, ModelConfig config)
    {
        var architecture = config.Architecture;
        if (architecture.HasMultipliers)
        {
            json.WriteFloat("attention_multiplier", config.AttentionMultiplier ?? config.ScoreFactor);
            json.WriteFloat("embedding_multiplier", config.EmbeddingMultiplier);
            json.WriteFloat("residual_multiplier", config.ResidualMultiplier);
        }
        // A strict reader takes whole numbers alone here.
        if (architecture.HasQueryScalar && (config.QueryScalar ?? config.HeadDimension) is var scalar)
            if (scalar == Math.Floor(scalar) && scalar < int.MaxValue)
                json.WriteNumber("query_pre_attn_scalar", (int)scalar);
            else
                json.WriteFloat("query_pre_attn_scalar", scalar);
        if (architecture.SoftCaps.Scores)
            WriteOptional(json, "attn_logit_softcapping", config.ScoreCap);
        if (architecture.SoftCaps.Logits)
            WriteOptional(json, "final_logit_softcapping", config.LogitCap);
        if (architecture.LogitScaleKey is { } key)
            json.WriteFloat(key, config.LogitScale);
    }

    private static void WriteOptional(Utf8JsonWriter json, string key, double? value)
    {
        if (value is { } number)
            json.WriteFloat(key, number);
        else
            json.WriteNull(key);
    }

    private static void WriteEndTokens(Utf8JsonWriter json, IReadOnlyList<int> tokens)
    {
        const string Key = "eos_token_id";
        if (tokens.Count == 0)
            json.WriteNull(Key);
        else if (tokens.Count == 1)
            json.WriteNumber(Key, tokens[0]);
        else
            WriteNumbers(json, Key, tokens);
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, IEnumerable<int> numbers)
    {
        json.WriteStartArray(key);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
