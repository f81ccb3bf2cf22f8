namespace Kalm.Language.Sources.Config;

/// <summary>The base of the frequencies grows with the length of a text beyond <paramref name="MaxPositions"/>, as transformers does it
/// (dynamic NTK), or once and for all with <paramref name="Alpha"/> (Hunyuan).</summary>
/// <param name="Factor">How fast it grows.</param>
/// <param name="MaxPositions">The length up to which nothing is scaled.</param>
/// <param name="Alpha">The factor of the base before the exponent, whatever the length; null to go by the length.</param>
public sealed record DynamicScaling(double Factor, int MaxPositions, double? Alpha = null) : RopeScaling(Factor)
{
    internal const string Name = "dynamic";

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override double Scale(double frequency, RotaryPlace place)
    {
        // With one pair alone its exponent is 0, whatever the base.
        if (place.Index == 0)
            return frequency;
        var growth = Alpha ?? Factor * Math.Max(place.Length, MaxPositions) / MaxPositions - (Factor - 1);
        return frequency * Math.Pow(growth, -2.0 * place.Index / (place.Dimension - 2));
    }

    /// <inheritdoc/>
    public override int Regime(int length) => Alpha is null && length > MaxPositions ? length : 0;
}

/// <summary>LongRoPE (arXiv 2402.13753): every frequency has a divisor of its own, one for short texts and one for long ones.</summary>
/// <param name="ShortFactors">The divisors up to the original length.</param>
/// <param name="LongFactors">The divisors beyond it.</param>
/// <param name="OriginalMaxPositions">The length trained on before stretching, in tokens.</param>
/// <param name="Factor">By how much the context grew.</param>
public sealed record LongRopeScaling(
    IReadOnlyList<double> ShortFactors, IReadOnlyList<double> LongFactors, int OriginalMaxPositions, double Factor) : RopeScaling(Factor)
{
    internal const string Name = "longrope";

    /// <inheritdoc/>
    public override string TypeName => Name;

    /// <inheritdoc/>
    public override int? TrainedPositions => OriginalMaxPositions;

    /// <summary>The file's own <c>attention_factor</c>; null for the default.</summary>
    public double? GivenRotaryFactor { get; init; }

    /// <inheritdoc/>
    public override double RotaryFactor =>
        GivenRotaryFactor ?? (Factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(Factor) / Math.Log(OriginalMaxPositions)));

    /// <inheritdoc/>
    public override double Scale(double frequency, RotaryPlace place) =>
        frequency / (Regime(place.Length) == 0 ? ShortFactors : LongFactors)[place.Index];

    /// <inheritdoc/>
    public override int Regime(int length) => length > OriginalMaxPositions ? 1 : 0;

    /// <summary>Whether all numbers are the same.</summary>
    public bool Equals(LongRopeScaling? other) => other is not null
        && Factor == other.Factor && OriginalMaxPositions == other.OriginalMaxPositions && GivenRotaryFactor == other.GivenRotaryFactor
        && ShortFactors.SequenceEqual(other.ShortFactors) && LongFactors.SequenceEqual(other.LongFactors);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Factor, OriginalMaxPositions, ShortFactors.Count);
}
