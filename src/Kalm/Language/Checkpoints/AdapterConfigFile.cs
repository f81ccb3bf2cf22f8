using System.Text.Json;

namespace Kalm.Language.Checkpoints;

/// <summary>Reads and writes <see cref="AdapterConfig"/> as PEFT's <c>adapter_config.json</c>. Whatever would change the result and is
/// not supported is refused by name, never ignored.</summary>
internal static class AdapterConfigFile
{
    private const string AllLinear = "all-linear";

    // Read into the record below, or checked there.
    private static readonly HashSet<string> Understood =
    [
        "peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "use_rslora",
        "inference_mode", "init_lora_weights", "megatron_core",
    ];

    // Where the adapter comes from, or what matters only together with a field that is refused.
    private static readonly HashSet<string> Informative = ["peft_version", "revision", "auto_mapping", "qalora_group_size"];

    // Known to PEFT, with an effect that is not built here yet; any other key with a value is refused as unknown.
    private static readonly HashSet<string> NotYet =
    [
        "use_dora", "lora_bias", "layer_replication", "trainable_token_indices", "modules_to_save", "rank_pattern", "alpha_pattern",
        "fan_in_fan_out", "exclude_modules", "layers_to_transform", "layers_pattern", "target_parameters", "use_qalora", "loftq_config",
        "eva_config", "corda_config", "megatron_config", "arrow_config", "alora_invocation_tokens",
    ];

    /// <summary>Reads and checks the file.</summary>
    public static AdapterConfig Read(string path)
    {
        var fields = JsonFields.Load(path);
        RequireSupported(fields);
        var config = new AdapterConfig
        {
            BaseModel = fields.Text("base_model_name_or_path"),
            Rank = fields.RequiredInteger("r"),
            Alpha = fields.Number("lora_alpha") ?? throw fields.Fault("lora_alpha", "a positive number"),
            Dropout = fields.Number("lora_dropout") ?? 0,
            TargetModules = Targets(fields),
            RankStabilized = fields.Flag("use_rslora") ?? false,
            InferenceMode = fields.Flag("inference_mode") ?? true,
        };
        Check(config, path);
        return config;
    }

    /// <summary>Checks that the values are in range.</summary>
    public static void Check(AdapterConfig config, string path)
    {
        if (config.Rank <= 0)
            throw Fault("r", config.Rank, "a positive whole number");
        if (!(config.Alpha > 0) || !double.IsFinite(config.Alpha))
            throw Fault("lora_alpha", config.Alpha, "a positive number");
        if (!(config.Dropout >= 0 && config.Dropout < 1))
            throw Fault("lora_dropout", config.Dropout, "a number from 0 to below 1");
        if (config.TargetModules.Count == 0 || config.TargetModules.Any(string.IsNullOrEmpty))
            throw Fault("target_modules", "an empty list or name", "at least one module name");

        KalmException Fault(string key, object found, string expected) => new($"{path}: {key}: found {found}, expected {expected}");
    }

    /// <summary>The text of the file, with the keys in PEFT's order, which is alphabetical.</summary>
    public static string Write(AdapterConfig config) => JsonText.Object(json =>
    {
        WriteEmptyObject(json, "alpha_pattern");
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
        json.WriteNull("layers_to_transform");
        WriteEmptyObject(json, "loftq_config");
        // PEFT writes a whole alpha as a whole number, so we do.
        json.WriteNumber("lora_alpha", config.Alpha);
        json.WriteBoolean("lora_bias", false);
        json.WriteFloat("lora_dropout", config.Dropout);
        json.WriteNull("megatron_config");
        json.WriteString("megatron_core", "megatron.core");
        json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", config.Rank);
        WriteEmptyObject(json, "rank_pattern");
        json.WriteNull("revision");
        json.WriteTexts("target_modules", config.TargetModules);
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteNull("trainable_token_indices");
        json.WriteBoolean("use_dora", false);
        json.WriteBoolean("use_rslora", config.RankStabilized);
    });

    private static void RequireSupported(JsonFields fields)
    {
        if (fields.Text("peft_type") != "LORA")
            throw fields.Fault("peft_type", "LORA");
        if ((fields.Text("task_type") ?? "CAUSAL_LM") != "CAUSAL_LM")
            throw fields.Fault("task_type", "CAUSAL_LM");
        if ((fields.Text("bias") ?? "none") != "none")
            throw fields.Fault("bias", "none");
        // Other ways to begin (pissa, olora, loftq, ...) change the base model too, and the adapter fits only the changed one.
        if (fields.Value("init_lora_weights") is { } begin && begin.ValueKind is not (JsonValueKind.True or JsonValueKind.False)
            && !(begin.ValueKind == JsonValueKind.String && begin.GetString() == "gaussian"))
            throw fields.Fault("init_lora_weights", "true, false or \"gaussian\"; other ways change the base model and are not supported");
        foreach (var key in fields.Keys)
        {
            if (Understood.Contains(key) || Informative.Contains(key) || IsOff(fields.Value(key)))
                continue;
            throw fields.Fault(key, NotYet.Contains(key) ? "its default; it is not supported yet" : "only known keys, or no value");
        }
    }

    // False, null and the empty ones are how PEFT says that an option is not used.
    private static bool IsOff(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.False } => true,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } map => map.GetPropertyCount() == 0,
        { ValueKind: JsonValueKind.String } text => text.GetString() == "",
        _ => false,
    };

    private static IReadOnlyList<string> Targets(JsonFields fields)
    {
        const string Key = "target_modules";
        var expected = $"a list of module names, or \"{AllLinear}\"";
        var value = fields.Value(Key) ?? throw fields.Fault(Key, expected);
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString() == AllLinear
                ? AdapterConfig.AllLinear
                : throw fields.Fault(Key, expected + "; a pattern is not supported yet");
        if (value.ValueKind != JsonValueKind.Array)
            throw fields.Fault(Key, expected);
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? item.GetString()! : throw fields.Fault(Key, expected))];
    }

    private static void WriteEmptyObject(Utf8JsonWriter json, string key)
    {
        json.WriteStartObject(key);
        json.WriteEndObject();
    }
}
