using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Finds how rotary positions are scaled in a GGUF file. It keeps Llama 3's scaling as the divisors of the frequencies
/// (<c>rope_freqs.weight</c>), of which several scalings give the same.</summary>
internal static class GgufRope
{
    /// <summary>The tensor with the divisors.</summary>
    public const string Divisors = "rope_freqs.weight";

    // What Llama 3 has, and what nearly all others take over.
    private const double UsualLow = 1, UsualHigh = 4;
    private const double Exactness = 1e-5;

    /// <summary>The scaling; null when positions are not scaled.</summary>
    /// <exception cref="KalmException">It is of a kind that is not supported.</exception>
    public static RopeScaling? Read(GgufShards shards, GgufKeys keys, int headDimension)
    {
        const string TypeKey = "rope.scaling.type";
        var type = keys.Text(TypeKey) ?? (keys.Number("rope.scale_linear") is { } old && old != 1 ? "linear" : "none");
        if (type is not ("none" or "linear"))
            throw keys.Fault(TypeKey, "none or linear");
        if (shards.TryFind(Divisors) is { } divisors)
            return type == "none" ? FromDivisors(divisors.File, divisors.Tensor, keys.Number("rope.freq_base") ?? 10000, headDimension)
                : throw keys.Fault(TypeKey, $"none beside {Divisors}");
        var factor = keys.Number("rope.scaling.factor") ?? keys.Number("rope.scale_linear") ?? 1;
        if (type == "linear" && !(factor > 0))
            throw keys.Fault("rope.scaling.factor", "a positive number");
        return type == "linear" && factor != 1 ? new LinearScaling(factor) : null;
    }

    /// <summary>The divisors that a scaling means.</summary>
    public static float[] DivisorsOf(ModelConfig config) => DivisorsOf(config.RopeScaling!, config.RopeTheta, config.HeadDimension);

    private static float[] DivisorsOf(RopeScaling scaling, double theta, int headDimension)
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
        if (tensor.ElementCount != headDimension / 2)
            throw GgufHeader.Fault(file.Path, tensor.Name, $"found {tensor.ElementCount} numbers, expected {headDimension / 2}, half the width of a head");
        var divisors = new float[headDimension / 2];
        file.ReadSingles(tensor, 0, divisors);
        if (divisors.All(divisor => divisor == 1))
            return null;
        var factor = Math.Round(divisors[^1], 4);
        if (factor > 0)
            foreach (var scaling in Candidates(divisors, theta, factor))
                if (DivisorsOf(scaling, theta, headDimension).Zip(divisors).All(pair => Math.Abs(pair.First - pair.Second) <= Exactness * Math.Abs(pair.Second)))
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
                points.Add((Math.Pow(theta, -(double)index / divisors.Length) / (2 * Math.PI), ((1 / divisors[index]) - (1 / factor)) / (1 - (1 / factor))));
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
