using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Reads <see cref="AdapterConfig"/> from PEFT's <c>adapter_config.json</c>. Whatever would change the result and is not
/// supported is refused by name, never ignored.</summary>
internal static class AdapterConfigFile
{
    // Read into the record below, or checked there.
    private static readonly HashSet<string> Understood =
    [
        "peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "use_rslora",
        "inference_mode", "init_lora_weights", "megatron_core", "rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform",
        "layers_pattern",
    ];

    // Where the adapter comes from, or what matters only together with a field that is refused.
    private static readonly HashSet<string> Informative = ["peft_version", "revision", "auto_mapping", "qalora_group_size"];

    // Known to PEFT, with an effect that is not built here; any other key with a value is refused as unknown.
    private static readonly HashSet<string> NotSupported =
    [
        "use_dora", "lora_bias", "layer_replication", "trainable_token_indices", "fan_in_fan_out", "exclude_modules", "target_parameters",
        "use_qalora", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "megatron_config", "arrow_config",
        "alora_invocation_tokens", "ensure_weight_tying", "use_bdlora",
    ];

    /// <summary>Reads and checks the file.</summary>
    public static AdapterConfig Read(string path)
    {
        var fields = JsonFields.Load(path);
        RequireSupported(fields);
        var (modules, pattern) = Targets(fields);
        var config = new AdapterConfig
        {
            BaseModel = fields.Text("base_model_name_or_path"),
            Rank = fields.RequiredInteger("r"),
            Alpha = fields.Number("lora_alpha") ?? throw fields.Fault("lora_alpha", "a positive number"),
            Dropout = fields.Number("lora_dropout") ?? 0,
            TargetModules = modules,
            TargetPattern = pattern,
            Layers = Layers(fields),
            RankPattern = Map(fields, "rank_pattern", (map, key) => map.RequiredInteger(key)),
            AlphaPattern = Map(fields, "alpha_pattern", (map, key) => map.Number(key) ?? throw map.Fault(key, "a number")),
            ModulesToSave = fields.Value("modules_to_save") is null ? [] : Names(fields, "modules_to_save", "a list of module names"),
            RankStabilized = fields.Flag("use_rslora") ?? false,
            InferenceMode = fields.Flag("inference_mode") ?? true,
        };
        AdapterConfigCheck.Require(config, path);
        return config;
    }

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
            && !(begin.ValueKind == JsonValueKind.String && begin.GetString() is "gaussian" or "orthogonal"))
            throw fields.Fault("init_lora_weights", "true, false or \"gaussian\"; other ways change the base model and are not supported");
        foreach (var key in fields.Keys)
        {
            if (Understood.Contains(key) || Informative.Contains(key) || IsOff(fields.Value(key)))
                continue;
            throw fields.Fault(key, NotSupported.Contains(key) ? "its default; it is not supported" : "only known keys, or no value");
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

    private static (IReadOnlyList<string> Modules, string? Pattern) Targets(JsonFields fields)
    {
        const string Key = "target_modules";
        const string Expected = $"a list of module names, a regular expression, or \"{AdapterConfig.AllLinearName}\"";
        var value = fields.Value(Key) ?? throw fields.Fault(Key, Expected);
        if (value.ValueKind != JsonValueKind.String)
            return (Names(fields, Key, Expected), null);
        return value.GetString() switch
        {
            AdapterConfig.AllLinearName => (AdapterConfig.AllLinear, null),
            "" => throw fields.Fault(Key, Expected),
            var pattern => ([], pattern),
        };
    }

    // A layer or a list of them, counted along model.layers, the only place where these architectures have layers.
    private static int[]? Layers(JsonFields fields)
    {
        const string Key = "layers_to_transform", Pattern = "layers_pattern", Expected = "a layer or a list of layers";
        if (fields.Value(Pattern) is { } pattern && !IsOff(pattern)
            && !(pattern.ValueKind == JsonValueKind.String && pattern.GetString() == "layers")
            && !(pattern.ValueKind == JsonValueKind.Array && Names(fields, Pattern, "layers") is ["layers"]))
            throw fields.Fault(Pattern, "\"layers\" or null: the layers lie in model.layers");
        if (fields.Value(Key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number)
            return [fields.RequiredInteger(Key)];
        if (value.ValueKind != JsonValueKind.Array)
            throw fields.Fault(Key, Expected);
        int[] layers = [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var layer) ? layer : throw fields.Fault(Key, Expected))];
        // An empty list selects no layers in particular, which to PEFT means all.
        return layers.Length == 0 ? null : layers;
    }

    private static string[] Names(JsonFields fields, string key, string expected)
    {
        if (fields.Value(key) is not { ValueKind: JsonValueKind.Array } list)
            throw fields.Fault(key, expected);
        return [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? item.GetString()! : throw fields.Fault(key, expected))];
    }

    private static IReadOnlyList<KeyValuePair<string, T>> Map<T>(JsonFields fields, string key, Func<JsonFields, string, T> read)
    {
        if (fields.Object(key) is not { } map)
            return [];
        return [.. map.Keys.Select(name => KeyValuePair.Create(name, read(map, name)))];
    }
}
