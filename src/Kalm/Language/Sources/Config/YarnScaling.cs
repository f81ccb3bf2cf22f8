namespace Kalm.Language.Sources.Config;

/// <summary>YaRN (arXiv 2309.00071): slow rotations are divided by <paramref name="Factor"/>, fast ones stay, between them goes a ramp
/// over the
/// frequencies' indices; cosines and sines grow a little.</summary>
/// <param name="Factor">The divisor of the slow frequencies.</param>
/// <param name="OriginalMaxPositions">The length trained on before stretching, in tokens.</param>
public sealed record YarnScaling(double Factor, int OriginalMaxPositions) : RopeScaling(Factor)
{
    internal const string Name = "yarn";
    private const double ShortestRamp = 0.001;

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override int? TrainedPositions => OriginalMaxPositions;

    /// <summary>Turns within the original length from which a rotation is fast (<c>beta_fast</c>).</summary>
    public double FastTurns { get; init; } = 32;

    /// <summary>Turns within the original length up to which a rotation is slow (<c>beta_slow</c>).</summary>
    public double SlowTurns { get; init; } = 1;

    /// <summary>Whether the ramp begins and ends at whole indices (<c>truncate</c>).</summary>
    public bool Truncates { get; init; } = true;

    /// <summary>The file's own <c>attention_factor</c>; null for the default.</summary>
    public double? GivenRotaryFactor { get; init; }

    /// <summary><c>mscale</c>; counts only beside <see cref="MagnitudeOfAll"/>.</summary>
    public double? Magnitude { get; init; }

    /// <summary><c>mscale_all_dim</c>; counts only beside <see cref="Magnitude"/>.</summary>
    public double? MagnitudeOfAll { get; init; }

    /// <inheritdoc/>
    public override double RotaryFactor => GivenRotaryFactor
        ?? (Magnitude is { } one and not 0 && MagnitudeOfAll is { } all and not 0 ? Growth(one) / Growth(all) : Growth(1));

    /// <inheritdoc/>
    public override double Scale(double frequency, RotaryPlace place)
    {
        var (from, to) = (IndexOf(FastTurns, place), IndexOf(SlowTurns, place));
        if (Truncates)
            (from, to) = (Math.Floor(from), Math.Ceiling(to));
        (from, to) = (Math.Max(from, 0), Math.Min(to, place.Dimension - 1));
        if (from == to)
            to += ShortestRamp;
        var slowness = Math.Clamp((place.Index - from) / (to - from), 0, 1);
        return frequency / Factor * slowness + frequency * (1 - slowness);
    }

    private double Growth(double magnitude) => Factor <= 1 ? 1 : 0.1 * magnitude * Math.Log(Factor) + 1;

    // The index, with fraction, of the frequency that turns so often within the original length.
    private double IndexOf(double turns, RotaryPlace place) =>
        place.Dimension * Math.Log(OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(place.Theta));
}
