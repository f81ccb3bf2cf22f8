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
        WriteFlag(json, "ensure_weight_tying", config.KeepsTying);
        json.WriteNull("eva_config");
        WriteNames(json, "exclude_modules", config.ExcludedModules, config.ExcludedPattern);
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", config.InferenceMode);
        WriteStart(json, config.Start);
        json.WriteNull("layer_replication");
        WriteNames(json, "layers_pattern", config.LayersPattern, null);
        WriteLayers(json, config.Layers);
        WriteMap<int>(json, "loftq_config", [], json.WriteNumberValue);
        // PEFT writes a whole alpha as a whole number, so we do.
        json.WriteNumber("lora_alpha", config.Alpha);
        json.WriteBoolean("lora_bias", config.HasUpBias);
        json.WriteFloat("lora_dropout", config.Dropout);
        json.WriteNull("megatron_config");
        json.WriteString("megatron_core", "megatron.core");
        WriteNames(json, "modules_to_save", config.ModulesToSave, null);
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", config.Rank);
        WriteMap(json, "rank_pattern", config.RankPattern, json.WriteNumberValue);
        json.WriteString("revision", config.Revision);
        WriteNames(json, "target_modules", config.TargetModules, config.TargetPattern);
        json.WriteString("task_type", "CAUSAL_LM");
        WriteTokens(json, config.Tokens);
        json.WriteBoolean("use_dora", config.Decomposed);
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

    private static void WriteNames(Utf8JsonWriter json, string key, IReadOnlyList<string> names, string? pattern)
    {
        if (pattern is not null)
            json.WriteString(key, pattern);
        else if (names.Count > 0)
            json.WriteTexts(key, names);
        else
            json.WriteNull(key);
    }

    // Older libraries do not know the key, so it is written only where it says something.
    private static void WriteFlag(Utf8JsonWriter json, string key, bool value)
    {
        if (value)
            json.WriteBoolean(key, true);
    }

    private static void WriteStart(Utf8JsonWriter json, LowRankStart start)
    {
        const string Key = "init_lora_weights";
        if (start == LowRankStart.Base)
            json.WriteBoolean(Key, true);
        else
            json.WriteString(Key, start == LowRankStart.WithoutLeadingColumns ? "olora" : "pissa");
    }

    private static void WriteTokens(Utf8JsonWriter json, IReadOnlyList<AdaptedTokens> tokens)
    {
        const string Key = "trainable_token_indices";
        if (tokens.Count == 0)
            json.WriteNull(Key);
        else if (tokens is [{ Module: null } only])
            WriteRows(Key, only);
        else
        {
            json.WriteStartObject(Key);
            foreach (var module in tokens)
                WriteRows(module.Module!, module);
            json.WriteEndObject();
        }

        void WriteRows(string key, AdaptedTokens module)
        {
            json.WriteStartArray(key);
            foreach (var row in module.Rows)
                json.WriteNumberValue(row);
            json.WriteEndArray();
        }
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
