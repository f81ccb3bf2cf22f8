namespace Kalm.Language.Sources.Config;

/// <summary>How rotary positions are stretched beyond the length a model was first trained on (<c>rope_scaling</c>).</summary>
/// <param name="Factor">By how much, at least where the stretching is full.</param>
public abstract record RopeScaling(double Factor)
{
    /// <summary>The name config.json has for this kind of scaling (<c>rope_type</c>).</summary>
    public abstract string TypeName { get; }

    /// <summary>What cosines and sines are multiplied by.</summary>
    public virtual double RotaryFactor => 1;

    /// <summary>The frequency that takes the place of an unscaled one.</summary>
    /// <param name="frequency">Radians a position.</param>
    /// <param name="place">Which frequency it is, and of what.</param>
    public abstract double Scale(double frequency, RotaryPlace place);

    /// <summary>The length trained on before stretching, in tokens, where it counts.</summary>
    public virtual int? TrainedPositions => null;

    /// <summary>Texts whose lengths give the same number have the same frequencies: 0 for all, unless the frequencies depend on the
    /// length.</summary>
    /// <param name="length">The positions of a text.</param>
    public virtual int Regime(int length) => 0;
}

/// <summary>All rotations are slowed alike, as if positions were divided by <paramref name="Factor"/> (arXiv 2306.15595).</summary>
/// <param name="Factor">The divisor.</param>
public sealed record LinearScaling(double Factor) : RopeScaling(Factor)
{
    internal const string Name = "linear";

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override double Scale(double frequency, RotaryPlace place) => frequency / Factor;
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
    public override int? TrainedPositions => OriginalMaxPositions;

    /// <inheritdoc/>
    public override double Scale(double frequency, RotaryPlace place) => Scale(frequency);

    /// <summary>The frequency that takes the place of an unscaled one.</summary>
    /// <param name="frequency">Radians a position.</param>
    public double Scale(double frequency)
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
