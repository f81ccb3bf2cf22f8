using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Alignment.Options;

/// <summary>The names of options from before they had sections. Recipes and run.json may still be written in them.</summary>
internal static class FlatNames
{
    private const string OptimizerKind = "optimizer";

    /// <summary>The path of the option that each name stands for.</summary>
    public static IReadOnlyDictionary<string, string> Paths { get; } = new Dictionary<string, string>
    {
        ["epochs"] = "budget.epochs",
        ["steps"] = "budget.steps",
        ["minutes"] = "budget.minutes",
        ["validations"] = "budget.validations",
        ["validation_triples"] = "budget.validation_triples",
        ["keep_best"] = "budget.keep_best",
        ["save_every"] = "budget.save_every",
        ["batch"] = "batches.triples",
        ["both_directions"] = "batches.both_directions",
        ["gradient_cache"] = "batches.gradient_cache",
        ["token_dropout"] = "batches.token_dropout",
        [OptimizerKind] = "optimizer.kind",
        ["learning_rate"] = "optimizer.learning_rate",
        ["warmup_steps"] = "optimizer.warmup_steps",
        ["final_rate_share"] = "optimizer.final_rate_share",
        ["weight_decay"] = "optimizer.weight_decay",
        ["clip_norm"] = "optimizer.clip_norm",
        ["average_decay"] = "optimizer.ema_decay",
        ["dropout"] = "optimizer.dropout",
        ["product_precision"] = "optimizer.product_precision",
        ["lora_rank"] = "lora.rank",
        ["lora_alpha"] = "lora.alpha",
        ["lora_dropout"] = "lora.dropout",
        ["lora_rank_stabilized"] = "lora.rank_stabilized",
        ["lora_targets"] = "lora.targets",
        ["base_precision"] = "lora.base_precision",
        ["explicit_weight"] = "explicit.weight",
        ["margin"] = "explicit.margin",
        ["initial_temperature"] = "explicit.initial_temperature",
        ["own_head_weight"] = "explicit.self_negative_weight",
        ["own_head_from"] = "explicit.self_negative_from",
        ["frequency_correction"] = "explicit.logq_correction",
        ["multi_positive"] = "explicit.multi_positive",
        ["implicit_weight"] = "implicit.weight",
        ["implicit_share"] = "implicit.share",
        ["prompts"] = "implicit.prompts",
        ["replay_weight"] = "keep.weight",
        ["replay_tokens"] = "keep.tokens",
    };

    /// <summary>The same options with every value in its section.</summary>
    /// <exception cref="JsonException">A value is given under both of its names, or a section is not an object; the message names what,
    /// the path says where.</exception>
    public static JsonObject Sectioned(JsonObject found)
    {
        var flat = found.Where(item => IsFlat(item.Key, item.Value)).ToList();
        var sectioned = new JsonObject(found.Except(flat).Select(item => KeyValuePair.Create(item.Key, item.Value?.DeepClone())));
        foreach (var (name, value) in flat)
        {
            var (section, option) = Paths[name].Split('.') is [var first, var second] ? (first, second) : default;
            if (!sectioned.TryGetPropertyValue(section, out var target))
                sectioned[section] = target = new JsonObject();
            if (target is not JsonObject options)
                throw new JsonException($"found {target?.ToJsonString() ?? "null"}; expected an object", $"$.{section}", null, null);
            if (options.ContainsKey(option))
                throw new JsonException(
                    $"found both {name} and {Paths[name]}, which are the same option; expected one of them", $"$.{name}", null, null);
            options[option] = value?.DeepClone();
        }
        return sectioned;
    }

    // The optimizer's former name is that of its section, whose value is an object.
    private static bool IsFlat(string name, JsonNode? value) =>
        Paths.ContainsKey(name) && (name != OptimizerKind || value?.GetValueKind() == JsonValueKind.String);
}
