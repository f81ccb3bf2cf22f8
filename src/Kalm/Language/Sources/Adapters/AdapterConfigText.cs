using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Writes <see cref="AdapterConfig"/> as PEFT's <c>adapter_config.json</c>.</summary>
internal static class AdapterConfigText
{
    /// <summary>The text of the file, with the keys in PEFT's order, which is alphabetical.</summary>
    public static string Of(AdapterConfig config) => JsonText.Object(json =>
    {
        WriteMap(json, "alpha_pattern", config.AlphaPattern, json.WriteNumberValue);
        json.WriteNull("auto_mapping");
        json.WriteString("base_model_name_or_path", config.BaseModel);
        json.WriteString("bias", "none");
        json.WriteNull("corda_config");
        json.WriteNull("eva_config");
        json.WriteNull("exclude_modules");
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", config.InferenceMode);
        json.WriteBoolean("init_lora_weights", true);
        json.WriteNull("layer_replication");
        json.WriteNull("layers_pattern");
        WriteLayers(json, config.Layers);
        WriteMap<int>(json, "loftq_config", [], json.WriteNumberValue);
        // PEFT writes a whole alpha as a whole number, so we do.
        json.WriteNumber("lora_alpha", config.Alpha);
        json.WriteBoolean("lora_bias", false);
        json.WriteFloat("lora_dropout", config.Dropout);
        json.WriteNull("megatron_config");
        json.WriteString("megatron_core", "megatron.core");
        if (config.ModulesToSave.Count > 0)
            json.WriteTexts("modules_to_save", config.ModulesToSave);
        else
            json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", config.Rank);
        WriteMap(json, "rank_pattern", config.RankPattern, json.WriteNumberValue);
        json.WriteNull("revision");
        if (config.TargetPattern is { } pattern)
            json.WriteString("target_modules", pattern);
        else
            json.WriteTexts("target_modules", config.TargetModules);
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteNull("trainable_token_indices");
        json.WriteBoolean("use_dora", false);
        json.WriteBoolean("use_rslora", config.RankStabilized);
    });

    private static void WriteMap<T>(Utf8JsonWriter json, string key, IReadOnlyList<KeyValuePair<string, T>> map, Action<T> writeValue)
    {
        json.WriteStartObject(key);
        foreach (var (name, value) in map)
        {
            json.WritePropertyName(name);
            writeValue(value);
        }
        json.WriteEndObject();
    }

    private static void WriteLayers(Utf8JsonWriter json, IReadOnlyList<int>? layers)
    {
        const string Key = "layers_to_transform";
        if (layers is null)
        {
            json.WriteNull(Key);
            return;
        }
        json.WriteStartArray(Key);
        foreach (var layer in layers)
            json.WriteNumberValue(layer);
        json.WriteEndArray();
    }
}
