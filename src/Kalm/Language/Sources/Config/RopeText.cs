using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>Writes what config.json says of rotary positions, in the older and in the newer spelling: each is passed over by readers of
/// the other.</summary>
internal static class RopeText
{
    /// <summary>Writes all keys.</summary>
    public static void Write(Utf8JsonWriter json, ModelConfig config)
    {
        var architecture = config.Architecture;
        if (architecture.RotatedShareKey is { } key)
            json.WriteFloat(key, config.RotatedShare);
        if (architecture.Defaults.OriginalMaxPositions is { } original)
            json.WriteNumber("original_max_position_embeddings", config.RopeScaling?.TrainedPositions ?? original);
        if (architecture.WindowedThetaKey is { } windowedKey && config.WindowedRotary is { } windowed)
            json.WriteFloat(windowedKey, windowed.Theta);
        WriteNewer(json, config);
        if (config.RopeScaling is null)
            json.WriteNull("rope_scaling");
        else
        {
            json.WriteStartObject("rope_scaling");
            WriteScaling(json, config.RopeScaling);
            WriteStretch(json, config);
            json.WriteEndObject();
        }
        json.WriteFloat(architecture.ThetaKey, config.RopeTheta);
    }

    private static void WriteNewer(Utf8JsonWriter json, ModelConfig config)
    {
        json.WriteStartObject("rope_parameters");
        if (config.WindowedRotary is { } windowed)
        {
            json.WriteStartObject("full_attention");
            WriteParameters(json, config, new RotaryParameters(config.RopeTheta, config.RopeScaling, config.RotatedShare));
            json.WriteEndObject();
            json.WriteStartObject("sliding_attention");
            WriteParameters(json, config, windowed);
            json.WriteEndObject();
        }
        else
        {
            WriteParameters(json, config, new RotaryParameters(config.RopeTheta, config.RopeScaling, config.RotatedShare));
            WriteStretch(json, config);
        }
        json.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter json, ModelConfig config, RotaryParameters rotary)
    {
        if (config.Architecture.RotatedShareKey is not null)
            json.WriteFloat("partial_rotary_factor", rotary.Share);
        json.WriteFloat("rope_theta", rotary.Theta);
        if (rotary.Scaling is null)
            json.WriteString("rope_type", "default");
        else
            WriteScaling(json, rotary.Scaling);
    }

    private static void WriteStretch(Utf8JsonWriter json, ModelConfig config)
    {
        if (config.QueryStretch is not { } stretch)
            return;
        json.WriteFloat("llama_4_scaling_beta", stretch.Beta);
        if (config.RopeScaling?.TrainedPositions is null)
            json.WriteNumber("original_max_position_embeddings", stretch.Positions);
    }

    private static void WriteScaling(Utf8JsonWriter json, RopeScaling scaling)
    {
        switch (scaling)
        {
            case Llama3Scaling llama3:
                json.WriteFloat("factor", scaling.Factor);
                json.WriteFloat("high_freq_factor", llama3.HighFrequencyFactor);
                json.WriteFloat("low_freq_factor", llama3.LowFrequencyFactor);
                json.WriteNumber("original_max_position_embeddings", llama3.OriginalMaxPositions);
                break;
            case DynamicScaling dynamic:
                Optional("alpha", dynamic.Alpha);
                json.WriteFloat("factor", scaling.Factor);
                break;
            case YarnScaling yarn:
                Optional("attention_factor", yarn.GivenRotaryFactor);
                json.WriteFloat("beta_fast", yarn.FastTurns);
                json.WriteFloat("beta_slow", yarn.SlowTurns);
                json.WriteFloat("factor", scaling.Factor);
                Optional("mscale", yarn.Magnitude);
                Optional("mscale_all_dim", yarn.MagnitudeOfAll);
                json.WriteNumber("original_max_position_embeddings", yarn.OriginalMaxPositions);
                if (!yarn.Truncates)
                    json.WriteBoolean("truncate", false);
                break;
            case LongRopeScaling longRope:
                Optional("attention_factor", longRope.GivenRotaryFactor);
                json.WriteFloat("factor", scaling.Factor);
                Numbers("long_factor", longRope.LongFactors);
                json.WriteNumber("original_max_position_embeddings", longRope.OriginalMaxPositions);
                Numbers("short_factor", longRope.ShortFactors);
                break;
            default:
                json.WriteFloat("factor", scaling.Factor);
                break;
        }
        json.WriteString("rope_type", scaling.TypeName);

        void Optional(string key, double? value)
        {
            if (value is { } number)
                json.WriteFloat(key, number);
        }

        void Numbers(string key, IReadOnlyList<double> values)
        {
            json.WriteStartArray(key);
            foreach (var value in values)
                json.WriteFloatValue(value);
            json.WriteEndArray();
        }
    }
}
