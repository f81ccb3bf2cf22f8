using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Language.Export;

/// <summary>How rotary positions are stretched, as keys and tensors of a GGUF file.</summary>
internal static class GgufRopeScaling
{
    // Where llama.cpp reads the keys of YaRN's ramp, and where it takes the divisors of LongRoPE.
    private const string WithRamp = "mistral3";
    private static readonly string[] WithDivisors = ["phi3", "llama"];

    /// <summary>Refuses what llama.cpp computes otherwise or not at all.</summary>
    public static void RequireSupported(ModelConfig config, GgufNames names)
    {
        switch (config.RopeScaling)
        {
            case null or LinearScaling or DynamicScaling { Alpha: not null }:
                break;
            case Llama3Scaling when names.Architecture != "llama":
                throw Kind("none, linear or yarn: llama.cpp scales only llama so");
            case Llama3Scaling:
                break;
            case YarnScaling { Truncates: false }:
                throw Fault("truncate", "false", "true: llama.cpp has no other ramp");
            case YarnScaling yarn when (yarn.FastTurns, yarn.SlowTurns) is not (32, 1) && names.Architecture != WithRamp:
                throw Fault(
                    "beta_fast, beta_slow", $"{yarn.FastTurns} and {yarn.SlowTurns}", "32 and 1: llama.cpp has no keys for them there");
            case YarnScaling when config.WindowedRotary is not null && config.Architecture != Architecture.Olmo3:
                throw Kind("none or linear: llama.cpp would stretch the layers with a window too");
            case YarnScaling:
                break;
            case LongRopeScaling when !WithDivisors.Contains(names.Architecture):
                throw Kind($"none, linear or yarn: llama.cpp scales only {string.Join(" and ", WithDivisors)} so");
            case LongRopeScaling:
                break;
            default:
                throw Kind("none, linear, yarn, longrope or llama3: llama.cpp has no other");
        }
        if (config.WindowedRotary?.Scaling is { } windowed)
            throw Fault("rope_scaling", $"{windowed.TypeName} for layers with a window", "none: llama.cpp never scales those");
        if (config.QueryStretch is { } stretch && config.RopeScaling?.TrainedPositions is { } trained && trained != stretch.Positions)
            throw Fault("llama_4_scaling_beta", $"steps of {stretch.Positions} positions",
                $"{trained}, from which on rotary positions are stretched: llama.cpp keeps one number for both");

        KalmException Kind(string expected) => Fault("rope_scaling", config.RopeScaling!.TypeName, expected);

        KalmException Fault(string key, string found, string expected) =>
            new($"{key}: found {found} on {config.Architecture.ModelType}; expected {expected}");
    }

    /// <summary>What llama.cpp computes otherwise than the transformers library without being wrong, in sentences for the user.</summary>
    public static IEnumerable<string> Warnings(ModelConfig config)
    {
        if (config.RopeScaling is LongRopeScaling { OriginalMaxPositions: var trained })
            yield return "llama.cpp takes the long factors of LongRoPE wherever its context is set to more than "
                + $"{trained} tokens, for short texts too";
    }

    /// <summary>The base of the frequencies. One that is stretched once and for all has no key but this.</summary>
    public static double Base(ModelConfig config) => config.RopeScaling is DynamicScaling { Alpha: { } alpha }
        && new RotaryParameters(0, null, config.RotatedShare).Dimension(config.HeadDimension) is > 2 and var turned
        ? config.RopeTheta * Math.Pow(alpha, turned / (turned - 2.0)) : config.RopeTheta;

    /// <summary>Adds the keys.</summary>
    public static void AddKeys(GgufWriter writer, string architecture, ModelConfig config)
    {
        if (config.RopeScaling is { } scaling and not (Llama3Scaling or DynamicScaling))
            writer.Add($"{architecture}.{GgufRopeKeys.Type}", scaling.TypeName);
        switch (config.RopeScaling)
        {
            case LinearScaling linear:
                Number(GgufRopeKeys.Factor, linear.Factor);
                break;
            case YarnScaling yarn:
                Number(GgufRopeKeys.Factor, yarn.Factor);
                Number(GgufRopeKeys.FastTurns, yarn.FastTurns);
                Number(GgufRopeKeys.SlowTurns, yarn.SlowTurns);
                if (architecture == WithRamp && yarn is { GivenRotaryFactor: null, Magnitude: 1, MagnitudeOfAll: { } magnitude and not 0 })
                    Number(GgufRopeKeys.Magnitude, magnitude);
                else if (yarn.RotaryFactor / new YarnScaling(yarn.Factor, 1).RotaryFactor is var times and not 1)
                    Number(GgufRopeKeys.RotaryFactor, times);
                break;
            case LongRopeScaling:
                Number(GgufRopeKeys.RotaryFactor, config.RopeScaling.RotaryFactor);
                break;
            default:
                break;
        }
        if (config.RopeScaling is YarnScaling or LongRopeScaling || config.QueryStretch is not null)
            writer.Add(
                $"{architecture}.{GgufRopeKeys.Original}", (long)(config.RopeScaling?.TrainedPositions ?? config.QueryStretch!.Positions));
        if (config.QueryStretch is { } stretch)
            Number(GgufRopeKeys.QueryStretch, stretch.Beta);

        void Number(string key, double value) => writer.Add($"{architecture}.{key}", value);
    }

    /// <summary>The tensors that hold the divisors of the frequencies.</summary>
    public static Dictionary<string, float[]> Tensors(ModelConfig config) => config.RopeScaling switch
    {
        Llama3Scaling => new() { [GgufRope.Divisors] = GgufRope.DivisorsOf(config) },
        LongRopeScaling scaling => new()
        {
            [GgufRope.LongDivisors] = [.. scaling.LongFactors.Select(factor => (float)factor)],
            [GgufRope.ShortDivisors] = [.. scaling.ShortFactors.Select(factor => (float)factor)],
        },
        _ => [],
    };
}
