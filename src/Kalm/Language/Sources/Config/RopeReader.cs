using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>Reads what config.json says of rotary positions, in <c>rope_scaling</c> beside <c>rope_theta</c>, in <c>rope_parameters</c> as
/// newer
/// files say, or in both where they agree.</summary>
internal static class RopeReader
{
    private const string Older = "rope_scaling";
    private const string Newer = "rope_parameters";
    private const string Theta = "rope_theta";
    private const string Share = "partial_rotary_factor";
    private const string Original = "original_max_position_embeddings";
    private const string FullLayers = "full_attention";
    private const string WindowedLayers = "sliding_attention";

    /// <summary>Reads all of it into a configuration.</summary>
    public static ModelConfig Read(JsonFields fields, ModelConfig config)
    {
        var architecture = config.Architecture;
        var older = Filled(fields.Object(Older));
        var newer = Filled(fields.Object(Newer));
        var byType = newer is not null && (newer.Value(FullLayers) ?? newer.Value(WindowedLayers)) is not null;
        if (byType && !architecture.HasWindowedRotary)
            throw newer!.Fault(FullLayers, $"no parameters by layer type: {architecture.ModelType} has one kind of rotary positions");
        var full = byType ? newer!.Object(FullLayers) : newer;
        var (theta, scaling, share) = ReadFull(fields, config, older, full);
        return config with
        {
            RopeTheta = theta,
            RopeScaling = scaling,
            RotatedShare = share,
            WindowedRotary = architecture.HasWindowedRotary
                ? ReadWindowed(fields, config, byType ? newer!.Object(WindowedLayers) : null, theta) : null,
            QueryStretch = architecture.StretchesQueries ? ReadStretch(older ?? full, config) : null,
        };
    }

    private static RotaryParameters ReadFull(JsonFields fields, ModelConfig config, JsonFields? older, JsonFields? newer)
    {
        var architecture = config.Architecture;
        var outer = fields.Number(architecture.ThetaKey) ?? fields.Number(Theta);
        var theta = outer;
        foreach (var inner in new[] { newer?.Number(Theta), older?.Number(Theta) })
        {
            if (theta is { } first && inner is { } second && first != second)
                throw fields.Fault(outer is null ? Older : Theta, $"the same as within the rope object, {second}");
            theta ??= inner;
        }
        theta ??= architecture.Defaults.RopeTheta;
        var read = new[] { newer, older }.OfType<JsonFields>().Select(Parameters).ToList();
        if (read.Count == 2 && read[0] != read[1])
            throw fields.Fault(Older, $"the same as {Newer}, or one of the two alone");
        return read.FirstOrDefault()
            ?? new RotaryParameters(theta.Value, architecture.Defaults.RopeScaling, ReadShare(fields, null, architecture));

        RotaryParameters Parameters(JsonFields rope) =>
            new(theta.Value, ReadScaling(rope, fields, config), ReadShare(fields, rope, architecture));
    }

    private static RotaryParameters ReadWindowed(JsonFields fields, ModelConfig config, JsonFields? rope, double fullTheta)
    {
        var theta = rope?.Number(Theta)
            ?? (config.Architecture.WindowedThetaKey is { } key
                ? fields.Number(key) ?? config.Architecture.Defaults.WindowedRopeTheta : fullTheta);
        return new RotaryParameters(theta, rope is null ? null : ReadScaling(rope, fields, config));
    }

    private static QueryStretch? ReadStretch(JsonFields? rope, ModelConfig config)
    {
        if (rope is null)
            return config.Architecture.Defaults.QueryStretch;
        if (rope.Number("llama_4_scaling_beta") is not { } beta)
            return null;
        return new QueryStretch(beta, Positions(rope, Original, rope.Integer(Original) ?? config.MaxPositions));
    }

    private static double ReadShare(JsonFields fields, JsonFields? rope, Architecture architecture)
    {
        if (architecture.RotatedShareKey is { } key)
            return rope?.Number(Share) ?? fields.Number(key) ?? fields.Number(Share) ?? architecture.Defaults.RotatedShare;
        foreach (var holder in new[] { fields, rope })
            if (holder?.Number(Share) is { } share && share != 1)
                throw holder.Fault(Share, $"1: {architecture.ModelType} turns all of a head");
        return 1;
    }

    private static RopeScaling? ReadScaling(JsonFields rope, JsonFields fields, ModelConfig config)
    {
        var typeKey = rope.EitherKey("rope_type", "type");
        var type = rope.Text(typeKey);
        // Phi 3 had two other names for it at first.
        if (type == "su" || (type == YarnScaling.Name && config.Architecture == Architecture.Phi3))
            type = LongRopeScaling.Name;
        switch (type)
        {
            case null when rope.Value("factor") is null:
            case "default":
            // Sections for the axes of an image; a text has the same position on each.
            case "mrope":
                return null;
            case LinearScaling.Name:
                return new LinearScaling(Positive(rope, "factor"));
            case DynamicScaling.Name:
                return config.Architecture.ReadsRopeAlpha && rope.Number("alpha") is not null and not 0
                    ? new DynamicScaling(rope.Number("factor") ?? 1, config.MaxPositions, Positive(rope, "alpha"))
                    : new DynamicScaling(Positive(rope, "factor"), config.MaxPositions);
            case Llama3Scaling.Name:
                return ReadLlama3(rope, fields, config);
            case YarnScaling.Name:
                return ReadYarn(rope, fields, config);
            case LongRopeScaling.Name:
                return ReadLongRope(rope, fields, config);
            default:
                throw rope.Fault(typeKey,
                    $"default, {LinearScaling.Name}, {DynamicScaling.Name}, {YarnScaling.Name}, {LongRopeScaling.Name} or "
                    + Llama3Scaling.Name);
        }
    }

    private static Llama3Scaling ReadLlama3(JsonFields rope, JsonFields fields, ModelConfig config)
    {
        var read = new Llama3Scaling(
            Positive(rope, "factor"), Positive(rope, "low_freq_factor"), Positive(rope, "high_freq_factor"),
            OriginalPositions(rope, fields, config));
        return read.HighFrequencyFactor > read.LowFrequencyFactor ? read
            : throw rope.Fault("high_freq_factor", $"more than low_freq_factor, {read.LowFrequencyFactor}");
    }

    private static YarnScaling ReadYarn(JsonFields rope, JsonFields fields, ModelConfig config)
    {
        var original = OriginalPositions(rope, fields, config);
        return new YarnScaling(rope.Value("factor") is null ? (double)config.MaxPositions / original : Positive(rope, "factor"), original)
        {
            FastTurns = Turns("beta_fast", 32),
            SlowTurns = Turns("beta_slow", 1),
            Truncates = rope.Flag("truncate") ?? true,
            GivenRotaryFactor = rope.Number("attention_factor"),
            Magnitude = rope.Number("mscale"),
            MagnitudeOfAll = rope.Number("mscale_all_dim"),
        };

        double Turns(string key, double absent) => rope.Number(key) is null or 0 ? absent : Positive(rope, key);
    }

    private static LongRopeScaling ReadLongRope(JsonFields rope, JsonFields fields, ModelConfig config)
    {
        var original = OriginalPositions(rope, fields, config);
        var factor = rope.Value("factor") is null ? (double)config.MaxPositions / original : Positive(rope, "factor");
        return new LongRopeScaling(Divisors(rope, "short_factor"), Divisors(rope, "long_factor"), original, factor)
        {
            GivenRotaryFactor = rope.Number("attention_factor"),
        };
    }

    private static List<double> Divisors(JsonFields rope, string key)
    {
        const string Expected = "a list of positive numbers";
        if (rope.Value(key) is not { ValueKind: JsonValueKind.Array } list)
            throw rope.Fault(key, Expected);
        return [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var number) && number > 0 ? number
                : throw rope.Fault(key, Expected))];
    }

    // Outside the rope object it counts before that within, as in the transformers library.
    private static int OriginalPositions(JsonFields rope, JsonFields fields, ModelConfig config) =>
        fields.Integer(Original) is { } outer ? Positions(fields, Original, outer)
        : Positions(rope, Original, config.Architecture.Defaults.OriginalMaxPositions ?? rope.Integer(Original) ?? config.MaxPositions);

    private static int Positions(JsonFields fields, string key, int value) =>
        value > 0 ? value : throw fields.Fault(key, "a positive whole number");

    private static double Positive(JsonFields fields, string key) =>
        fields.Number(key) is { } number and > 0 ? number : throw fields.Fault(key, "a positive number");

    private static JsonFields? Filled(JsonFields? rope) => rope is not null && rope.Keys.Any() ? rope : null;
}
