using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Reads <see cref="AdapterConfig"/> from PEFT's <c>adapter_config.json</c>. Whatever would change the result and is not
/// supported is refused by name; a key that PEFT does not know either is passed over with a warning.</summary>
internal static class AdapterConfigFile
{
    // PEFT's defaults.
    private const int DefaultRank = 8;
    private const double DefaultAlpha = 8;

    /// <summary>Reads and checks the file.</summary>
    public static AdapterConfig Read(string path)
    {
        var fields = JsonFields.Load(path);
        RequireMethod(fields);
        var warnings = AdapterConfigKeys.Check(fields);
        var (modules, pattern) = ModuleNames(fields, "target_modules");
        var (excluded, excludedPattern) = ModuleNames(fields, "exclude_modules");
        var config = new AdapterConfig
        {
            BaseModel = fields.Text("base_model_name_or_path"),
            Revision = fields.Text("revision"),
            Rank = fields.Has("r") ? fields.RequiredInteger("r") : DefaultRank,
            Alpha = fields.Has("lora_alpha") ? fields.Number("lora_alpha") ?? throw fields.Fault("lora_alpha", "a number") : DefaultAlpha,
            Dropout = fields.Number("lora_dropout") ?? 0,
            TargetModules = modules,
            TargetPattern = pattern,
            ExcludedModules = excluded,
            ExcludedPattern = excludedPattern,
            Layers = Layers(fields),
            LayersPattern = LayersPattern(fields),
            RankPattern = Map(fields, "rank_pattern", (map, key) => map.RequiredInteger(key)),
            AlphaPattern = Map(fields, "alpha_pattern", (map, key) => map.Number(key) ?? throw map.Fault(key, "a number")),
            ModulesToSave = fields.Value("modules_to_save") is null ? [] : Names(fields, "modules_to_save", "a list of module names"),
            Tokens = Tokens(fields),
            KeepsTying = fields.Flag("ensure_weight_tying") ?? false,
            RankStabilized = fields.Flag("use_rslora") ?? false,
            Decomposed = fields.Flag("use_dora") ?? false,
            HasUpBias = fields.Flag("lora_bias") ?? false,
            Start = Start(fields, warnings),
            InferenceMode = fields.Flag("inference_mode") ?? true,
            Warnings = warnings,
        };
        AdapterConfigCheck.Require(config, path);
        return config;
    }

    private static void RequireMethod(JsonFields fields)
    {
        if (fields.Text("peft_type") != "LORA")
            throw fields.Fault("peft_type", "LORA; other methods are not supported");
        if ((fields.Text("task_type") ?? "CAUSAL_LM") is not ("CAUSAL_LM" or "FEATURE_EXTRACTION"))
            throw fields.Fault("task_type", "CAUSAL_LM or FEATURE_EXTRACTION");
        if ((fields.Text("bias") ?? "none") is not ("none" or "all" or "lora_only"))
            throw fields.Fault("bias", "none, all or lora_only");
    }

    // Most ways to begin matter to training only. Some change the base model too, and the adapter fits only the changed one.
    private static LowRankStart Start(JsonFields fields, List<string> warnings)
    {
        const string Key = "init_lora_weights";
        const string Converted = "convert it with PEFT (path_initial_model_for_weight_conversion) to one that fits the base as it is";
        if (fields.Value(Key) is not { } value || value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return LowRankStart.Base;
        var way = fields.Text(Key)!.ToLowerInvariant();
        if (way == "lora_ga")
            warnings.Add($"{fields.Path}: {Key}: lora_ga was trained on a base that training changed; "
                + "merged into the base as it is, as PEFT does");
        return way switch
        {
            "gaussian" or "eva" or "orthogonal" or "lora_ga" => LowRankStart.Base,
            "olora" => LowRankStart.WithoutLeadingColumns,
            "pissa" => LowRankStart.WithoutLeadingSingularValues,
            _ when way.StartsWith("pissa_niter_", StringComparison.Ordinal) => throw fields.Fault(
                Key, $"pissa, or no PiSSA: this one took chance into the base model; {Converted}"),
            _ => throw fields.Fault(
                Key, $"true, false, gaussian, eva, orthogonal, olora or pissa; other ways change the base model "
                    + $"and are not supported; {Converted}"),
        };
    }

    private static (IReadOnlyList<string> Modules, string? Pattern) ModuleNames(JsonFields fields, string key)
    {
        const string Expected = $"a list of module names, a regular expression, or (for targets) \"{AdapterConfig.AllLinearName}\"";
        if (fields.Value(key) is not { } value)
            return ([], null);
        if (value.ValueKind != JsonValueKind.String)
        {
            var names = Names(fields, key, Expected);
            return names.Length > 0 || key != "target_modules" ? (names, null) : throw fields.Fault(key, Expected);
        }
        return value.GetString() is { Length: > 0 } pattern ? ([], pattern) : throw fields.Fault(key, Expected);
    }

    // A layer or a list of them.
    private static int[]? Layers(JsonFields fields)
    {
        const string Key = "layers_to_transform", Expected = "a layer or a list of layers";
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

    private static string[] LayersPattern(JsonFields fields)
    {
        const string Key = "layers_pattern";
        return AdapterConfigKeys.IsOff(fields.Value(Key)) ? []
            : fields.Value(Key) is { ValueKind: JsonValueKind.String } text ? [text.GetString()!]
            : Names(fields, Key, "a name or a list of names");
    }

    // A list of tokens of the input embedding, or such a list for each module.
    private static IReadOnlyList<AdaptedTokens> Tokens(JsonFields fields)
    {
        const string Key = "trainable_token_indices", Expected = "a list of tokens, or an object of such lists";
        if (fields.Value(Key) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.Array)
            return [new AdaptedTokens(null, Rows(value))];
        if (value.ValueKind != JsonValueKind.Object)
            throw fields.Fault(Key, Expected);
        return [.. value.EnumerateObject().Select(module => new AdaptedTokens(module.Name, Rows(module.Value)))];

        long[] Rows(JsonElement list) => list.ValueKind != JsonValueKind.Array ? throw fields.Fault(Key, Expected)
            : [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var row) && row >= 0
                ? row : throw fields.Fault(Key, Expected))];
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
