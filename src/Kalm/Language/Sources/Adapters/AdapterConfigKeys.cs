using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Which keys of PEFT's <c>adapter_config.json</c> are understood, which would change the result and are not, and which
/// are nobody's.</summary>
internal static class AdapterConfigKeys
{
    // Read into the record, or checked beside it.
    private static readonly HashSet<string> Understood =
    [
        "peft_type", "task_type", "base_model_name_or_path", "revision", "r", "lora_alpha", "lora_dropout", "target_modules",
        "exclude_modules", "bias", "lora_bias", "use_rslora", "use_dora", "inference_mode", "init_lora_weights", "rank_pattern",
        "alpha_pattern", "modules_to_save", "layers_to_transform", "layers_pattern", "trainable_token_indices", "ensure_weight_tying",
        "fan_in_fan_out",
    ];

    // Where the adapter comes from, how it was initialised or how it is run; nothing in its result depends on them here.
    private static readonly HashSet<string> Informative =
    [
        "peft_version", "auto_mapping", "qalora_group_size", "megatron_core", "runtime_config", "eva_config", "corda_config",
        "loftq_config", "lora_ga_config",
    ];

    private static readonly Dictionary<string, string> NotSupported = new()
    {
        ["layer_replication"] = "it makes a deeper model of the base",
        ["target_parameters"] = "it adapts single parameters",
        ["alora_invocation_tokens"] = "it adapts only part of a text, which no merged weight can",
        ["use_qalora"] = "it adapts quantized weights",
        ["use_bdlora"] = "its matrices are blocks",
        ["megatron_config"] = "it is for Megatron's layers",
        ["arrow_config"] = "it routes between adapters",
        ["kasa_config"] = "it changes the base model",
        ["monteclora_config"] = "it has more than A and B",
        ["velora_config"] = "it has more than A and B",
    };

    /// <summary>Refuses keys whose effect is not built here.</summary>
    /// <returns>What is passed over, in sentences.</returns>
    public static List<string> Check(JsonFields fields)
    {
        var unknown = new List<string>();
        foreach (var key in fields.Keys)
        {
            if (Understood.Contains(key) || Informative.Contains(key) || IsOff(fields.Value(key)))
                continue;
            if (NotSupported.TryGetValue(key, out var reason))
                throw fields.Fault(key, $"its default; it is not supported: {reason}");
            unknown.Add(key);
        }
        var warnings = new List<string>();
        if (unknown.Count > 0)
            warnings.Add(
                $"{fields.Path}: {string.Join(", ", unknown.Select(FileFault.Plain).Order(StringComparer.Ordinal))}: "
                + "unknown and ignored, as "
                + "PEFT does; a newer library may have meant something by it");
        if (fields.Flag("fan_in_fan_out") ?? false)
            warnings.Add($"{fields.Path}: fan_in_fan_out: ignored, because no layer of these models stores its weight transposed");
        return warnings;
    }

    /// <summary>Whether an option is not used: false, null and the empty ones are how PEFT says it.</summary>
    public static bool IsOff(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.False } => true,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } map => map.GetPropertyCount() == 0,
        { ValueKind: JsonValueKind.String } text => text.GetString() == "",
        _ => false,
    };
}
