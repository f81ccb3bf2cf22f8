using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>How rotary positions are stretched beyond the length a model was first trained on (<c>rope_scaling</c>).</summary>
/// <param name="Factor">By how much, at least where the stretching is full.</param>
public abstract record RopeScaling(double Factor)
{
    private static readonly string[] KnownKeys =
    [
        "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "low_freq_factor", "high_freq_factor",
        "original_max_position_embeddings",
    ];

    /// <summary>The name config.json has for this kind of scaling (<c>rope_type</c>).</summary>
    public abstract string TypeName { get; }

    /// <summary>The frequency that takes the place of an unscaled one.</summary>
    /// <param name="frequency">Radians a position.</param>
    public abstract double Scale(double frequency);

    /// <summary>Reads <c>rope_scaling</c>, or <c>rope_parameters</c> as newer files say; null when positions are not scaled.</summary>
    internal static RopeScaling? Read(JsonFields? scaling)
    {
        if (scaling is null)
            return null;
        var typeKey = scaling.EitherKey("rope_type", "type");
        var type = scaling.Text(typeKey);
        if (type is not (null or "default" or LinearScaling.Name or Llama3Scaling.Name) || (type is null && scaling.Value("factor") is not null))
            throw scaling.Fault(typeKey, $"default, {LinearScaling.Name} or {Llama3Scaling.Name}; other types are not supported");
        if (scaling.Keys.FirstOrDefault(key => !KnownKeys.Contains(key) && scaling.Value(key) is not null) is { } unknown)
            throw scaling.Fault(unknown, $"one of the known keys: {string.Join(", ", KnownKeys)}");
        return type switch
        {
            LinearScaling.Name => new LinearScaling(Positive(scaling, "factor")),
            Llama3Scaling.Name => ReadLlama3(scaling),
            _ => null,
        };
    }

    private static Llama3Scaling ReadLlama3(JsonFields scaling)
    {
        var read = new Llama3Scaling(
            Positive(scaling, "factor"),
            Positive(scaling, "low_freq_factor"),
            Positive(scaling, "high_freq_factor"),
            scaling.RequiredInteger("original_max_position_embeddings"));
        if (read.OriginalMaxPositions <= 0)
            throw scaling.Fault("original_max_position_embeddings", "a positive whole number");
        if (read.HighFrequencyFactor <= read.LowFrequencyFactor)
            throw scaling.Fault("high_freq_factor", $"more than low_freq_factor, {read.LowFrequencyFactor}");
        return read;
    }

    private static double Positive(JsonFields fields, string key) =>
        fields.Number(key) is { } number and > 0 ? number : throw fields.Fault(key, "a positive number");
}

/// <summary>All rotations are slowed alike, as if positions were divided by <paramref name="Factor"/> (arXiv 2306.15595).</summary>
/// <param name="Factor">The divisor.</param>
public sealed record LinearScaling(double Factor) : RopeScaling(Factor)
{
    internal const string Name = "linear";

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override double Scale(double frequency) => frequency / Factor;
}

/// <summary>The scaling of Llama 3.1 and later: slow rotations are divided by <paramref name="Factor"/>, fast ones stay, and those between
/// are blended.</summary>
/// <param name="Factor">The divisor of the slow frequencies.</param>
/// <param name="LowFrequencyFactor">Wavelengths above the original length divided by this are slow.</param>
/// <param name="HighFrequencyFactor">Wavelengths below the original length divided by this are fast.</param>
/// <param name="OriginalMaxPositions">The length trained on before stretching, in tokens.</param>
public sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions)
    : RopeScaling(Factor)
{
    internal const string Name = "llama3";

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override double Scale(double frequency)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < OriginalMaxPositions / HighFrequencyFactor)
            return frequency;
        if (wavelength > OriginalMaxPositions / LowFrequencyFactor)
            return frequency / Factor;
        var kept = (OriginalMaxPositions / wavelength - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (1 - kept) * frequency / Factor + kept * frequency;
    }
}
