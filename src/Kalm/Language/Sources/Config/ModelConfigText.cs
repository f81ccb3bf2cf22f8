using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Config;

/// <summary>Writes <see cref="ModelConfig"/> as the text of <c>config.json</c>, in the older spellings, which old and new readers
/// understand.</summary>
internal static class ModelConfigText
{
    /// <summary>The whole text.</summary>
    public static string Write(ModelConfig config) => JsonText.Object(json =>
    {
        var architecture = config.Architecture;
        json.WriteTexts("architectures", [architecture.ClassName]);
        if (architecture.OffersAttentionBias)
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
        if (architecture.OffersMlpBias)
            json.WriteBoolean("mlp_bias", config.MlpBias);
        json.WriteString("model_type", architecture.ModelType);
        json.WriteNumber("num_attention_heads", config.HeadCount);
        json.WriteNumber("num_hidden_layers", config.LayerCount);
        json.WriteNumber("num_key_value_heads", config.KeyValueHeadCount);
        json.WriteFloat("rms_norm_eps", config.NormEpsilon);
        WriteRopeScaling(json, config.RopeScaling);
        json.WriteFloat("rope_theta", config.RopeTheta);
        SlidingWindows.Write(json, config);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        json.WriteString("torch_dtype", config.TorchType.TorchName());
        json.WriteBoolean("use_cache", true);
        json.WriteNumber("vocab_size", config.VocabularySize);
    });

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
        if (scaling is Llama3Scaling llama3)
        {
            json.WriteFloat("high_freq_factor", llama3.HighFrequencyFactor);
            json.WriteFloat("low_freq_factor", llama3.LowFrequencyFactor);
            json.WriteNumber("original_max_position_embeddings", llama3.OriginalMaxPositions);
        }
        json.WriteString("rope_type", scaling.TypeName);
        json.WriteEndObject();
    }
}
