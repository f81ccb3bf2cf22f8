using System.Text.Json.Nodes;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Finds how rotary positions are scaled in a GGUF file. It keeps Llama 3's scaling as the divisors of the frequencies
/// (<c>rope_freqs.weight</c>), of which several scalings give the same.</summary>
internal static class GgufRope
{
    /// <summary>The tensor with the divisors.</summary>
    public const string Divisors = "rope_freqs.weight";

    private const string None = "none";

    // What Llama 3 has, and what nearly all others take over.
    private const double UsualLow = 1, UsualHigh = 4;
    private const double Exactness = 1e-5;

    /// <summary>The tensors with the divisors of LongRoPE, for long texts and for short ones.</summary>
    public const string LongDivisors = "rope_factors_long.weight", ShortDivisors = "rope_factors_short.weight";

    /// <summary>Adds the keys of config.json.</summary>
    /// <exception cref="KalmException">The scaling is of a kind that is not supported.</exception>
    public static void Add(JsonObject json, GgufShards shards, GgufKeys keys, Architecture architecture)
    {
        var headDimension = GgufConfig.HeadDimension(keys);
        var turned = keys.Count("rope.dimension_count") ?? headDimension;
        if (architecture.RotatedShareKey is { } share)
            json[share] = (double)turned / headDimension;
        else if (turned != headDimension)
            throw keys.Fault("rope.dimension_count", $"{headDimension}: {architecture.ModelType} turns all of a head");
        var theta = keys.Number("rope.freq_base") ?? 10000;
        json[architecture.ThetaKey] = theta;
        if (architecture.WindowedThetaKey is { } windowed)
            json[windowed] = keys.Number("rope.freq_base_swa") ?? 10000;
        var scaling = Scaling(shards, keys, theta, turned);
        if (architecture.StretchesQueries && keys.Number(GgufRopeKeys.QueryStretch) is { } stretch and not 0)
        {
            scaling ??= new JsonObject
            {
                ["rope_type"] = "default",
                ["original_max_position_embeddings"] = keys.Count(GgufRopeKeys.Original),
            };
            scaling["llama_4_scaling_beta"] = stretch;
        }
        json["rope_scaling"] = scaling;
        if (keys.Count(GgufRopeKeys.Original) is { } original && architecture.Defaults.OriginalMaxPositions is not null)
            json["original_max_position_embeddings"] = original;
    }

    private static JsonObject? Scaling(GgufShards shards, GgufKeys keys, double theta, int turned)
    {
        var factor = keys.Number(GgufRopeKeys.Factor) ?? keys.Number(GgufRopeKeys.OldFactor) ?? 1;
        var type = keys.Text(GgufRopeKeys.Type) ?? LinearScaling.Name;
        if (type == LinearScaling.Name && factor is 0 or 1)
            type = None;
        if (shards.TryFind(Divisors) is { } divisors)
            return type == None ? FromDivisors(divisors.File, divisors.Tensor, theta, turned) is { } llama3 ? Json(llama3) : null
                : throw keys.Fault(GgufRopeKeys.Type, $"none beside {Divisors}");
        if (shards.TryFind(LongDivisors) is { } longer && shards.TryFind(ShortDivisors) is { } shorter)
            return new JsonObject
            {
                ["rope_type"] = LongRopeScaling.Name,
                ["long_factor"] = List(longer.File, longer.Tensor, turned),
                ["short_factor"] = List(shorter.File, shorter.Tensor, turned),
                ["original_max_position_embeddings"] = keys.Count(GgufRopeKeys.Original),
                ["attention_factor"] = keys.Number(GgufRopeKeys.RotaryFactor) ?? 1,
            };
        return type switch
        {
            None => null,
            LinearScaling.Name => new JsonObject { ["rope_type"] = type, ["factor"] = factor },
            YarnScaling.Name => Yarn(keys, factor),
            LongRopeScaling.Name => throw keys.Fault(GgufRopeKeys.Type, $"another type, or {LongDivisors} and {ShortDivisors} beside it"),
            _ => throw keys.Fault(GgufRopeKeys.Type, "none, linear, yarn or longrope"),
        };
    }

    private static JsonObject Yarn(GgufKeys keys, double factor)
    {
        var magnitude = keys.Number(GgufRopeKeys.Magnitude) is { } given and not 0 ? given : (double?)null;
        var (own, times) = (keys.Number(GgufRopeKeys.YarnFactor), keys.Number(GgufRopeKeys.RotaryFactor) ?? 1);
        var rotary = (own ?? new YarnScaling(factor, 1) { Magnitude = 1, MagnitudeOfAll = magnitude }.RotaryFactor) * times;
        if (!double.IsFinite(rotary))
            throw keys.Fault(GgufRopeKeys.RotaryFactor, "a number that gives a finite factor");
        return new JsonObject
        {
            ["rope_type"] = YarnScaling.Name,
            ["factor"] = factor,
            ["original_max_position_embeddings"] = keys.Count(GgufRopeKeys.Original),
            ["beta_fast"] = keys.Number(GgufRopeKeys.FastTurns),
            ["beta_slow"] = keys.Number(GgufRopeKeys.SlowTurns),
            ["mscale"] = magnitude is null ? null : 1,
            ["mscale_all_dim"] = magnitude,
            ["attention_factor"] = own is null && times == 1 ? null : rotary,
        };
    }

    private static JsonObject Json(Llama3Scaling scaling) => new()
    {
        ["rope_type"] = scaling.TypeName,
        ["factor"] = scaling.Factor,
        ["low_freq_factor"] = scaling.LowFrequencyFactor,
        ["high_freq_factor"] = scaling.HighFrequencyFactor,
        ["original_max_position_embeddings"] = scaling.OriginalMaxPositions,
    };

    private static JsonArray List(GgufFile file, GgufTensor tensor, int turned) => new([.. Read(file, tensor,
        turned).Select(number => JsonValue.Create((double)number))]);

    private static float[] Read(GgufFile file, GgufTensor tensor, int turned)
    {
        if (tensor.ElementCount != turned / 2)
            throw GgufHeader.Fault(file.Path, tensor.Name,
                $"found {tensor.ElementCount} numbers, expected {turned / 2}, half of what turns of a head");
        var divisors = new float[turned / 2];
        file.ReadSingles(tensor, 0, divisors);
        foreach (var divisor in divisors)
            if (!(divisor > 0) || !float.IsFinite(divisor))
                throw GgufHeader.Fault(file.Path, tensor.Name, $"found {divisor}, expected positive numbers");
        return divisors;
    }

    /// <summary>The divisors that a scaling means.</summary>
    public static float[] DivisorsOf(ModelConfig config) => DivisorsOf((Llama3Scaling)config.RopeScaling!, config.RopeTheta,
        config.HeadDimension);

    private static float[] DivisorsOf(Llama3Scaling scaling, double theta, int headDimension)
    {
        var divisors = new float[headDimension / 2];
        for (var index = 0; index < divisors.Length; index++)
        {
            var frequency = Math.Pow(theta, -2.0 * index / headDimension);
            divisors[index] = (float)(frequency / scaling.Scale(frequency));
        }
        return divisors;
    }

    private static Llama3Scaling? FromDivisors(GgufFile file, GgufTensor tensor, double theta, int headDimension)
    {
        var divisors = Read(file, tensor, headDimension);
        if (divisors.All(divisor => divisor == 1))
            return null;
        var factor = Math.Round(divisors[^1], 4);
        foreach (var scaling in Candidates(divisors, theta, factor))
            if (DivisorsOf(scaling, theta,
                headDimension).Zip(divisors).All(pair => Math.Abs(pair.First - pair.Second) <= Exactness * Math.Abs(pair.Second)))
                return scaling;
        throw GgufHeader.Fault(file.Path, tensor.Name, "found divisors of the frequencies that are none of a llama3 scaling");
    }

    // The original length is nearly always a power of two; 8192 is Llama 3's.
    private static IEnumerable<Llama3Scaling> Candidates(float[] divisors, double theta, double factor)
    {
        yield return new(factor, UsualLow, UsualHigh, 8192);
        for (var length = 1; length <= 1 << 22; length *= 2)
            yield return new(factor, UsualLow, UsualHigh, length);
        foreach (var fitted in Fitted(divisors, theta, factor))
            yield return fitted;
    }

    // Between the two wavelengths the share that is kept is linear in the frequency; a line through two of them gives the factors up to a
    // common measure, which is set by a low factor of 1.
    private static IEnumerable<Llama3Scaling> Fitted(float[] divisors, double theta, double factor)
    {
        var points = new List<(double Waves, double Kept)>();
        for (var index = 0; index < divisors.Length; index++)
            if (divisors[index] > 1 + Exactness && divisors[index] < factor * (1 - Exactness))
                points.Add((Math.Pow(theta, -(double)index / divisors.Length) / (2 * Math.PI),
                    ((1 / divisors[index]) - (1 / factor)) / (1 - (1 / factor))));
        if (points.Count < 2)
            yield break;
        var slope = (points[0].Kept - points[^1].Kept) / (points[0].Waves - points[^1].Waves);
        var start = points[0].Kept - (slope * points[0].Waves);
        if (!(start < 0))
            yield break;
        var high = 1 - (1 / start);
        var length = slope * (high - 1);
        if (length is >= 1 and <= int.MaxValue)
            yield return new(factor, 1, high, (int)Math.Round(length));
    }
}
