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
            case null or LinearScaling:
                break;
            case Llama3Scaling when names.Architecture != "llama":
                throw Fault("none, linear or yarn: llama.cpp scales only llama so");
            case Llama3Scaling:
                break;
            case YarnScaling { Truncates: false }:
                throw new KalmException($"truncate: found false on {config.Architecture.ModelType}; expected true: llama.cpp has no other ramp");
            case YarnScaling yarn when (yarn.FastTurns, yarn.SlowTurns) is not (32, 1) && names.Architecture != WithRamp:
                throw new KalmException($"beta_fast, beta_slow: found {yarn.FastTurns} and {yarn.SlowTurns} on {config.Architecture.ModelType}; "
                    + "expected 32 and 1: llama.cpp has no keys for them there");
            case YarnScaling when config.WindowedRotary is not null && config.Architecture != Architecture.Olmo3:
                throw Fault("none or linear: llama.cpp would stretch the layers with a window too");
            case YarnScaling:
                break;
            case LongRopeScaling when !WithDivisors.Contains(names.Architecture):
                throw Fault($"none, linear or yarn: llama.cpp scales only {string.Join(" and ", WithDivisors)} so");
            case LongRopeScaling:
                break;
            default:
                throw Fault("none, linear, yarn, longrope or llama3: llama.cpp has no other");
        }
        if (config.WindowedRotary?.Scaling is { } windowed)
            throw new KalmException($"rope_scaling: found {windowed.TypeName} on the layers with a window of {config.Architecture.ModelType}; "
                + "expected none: llama.cpp never scales those");
        if (config.QueryStretch is { } stretch && config.RopeScaling?.TrainedPositions is { } trained && trained != stretch.Positions)
            throw new KalmException($"llama_4_scaling_beta: found {stretch.Positions} positions between its steps on {config.Architecture.ModelType}; "
                + $"expected {trained}, from which the rotary positions are stretched: llama.cpp keeps one number for both");

        KalmException Fault(string expected) =>
            new($"rope_scaling: found {config.RopeScaling!.TypeName} on {config.Architecture.ModelType}; expected {expected}");
    }

    /// <summary>What llama.cpp computes otherwise than the transformers library without being wrong, in sentences for the user.</summary>
    public static IEnumerable<string> Warnings(ModelConfig config)
    {
        if (config.RopeScaling is LongRopeScaling { OriginalMaxPositions: var trained })
            yield return $"llama.cpp takes the long factors of LongRoPE wherever its context is set to more than {trained} tokens, for short texts too";
    }

    /// <summary>Adds the keys.</summary>
    public static void AddKeys(GgufWriter writer, string architecture, ModelConfig config)
    {
        if (config.RopeScaling is { } scaling and not Llama3Scaling)
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
            writer.Add($"{architecture}.{GgufRopeKeys.Original}", (long)(config.RopeScaling?.TrainedPositions ?? config.QueryStretch!.Positions));
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
