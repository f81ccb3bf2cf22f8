namespace Kalm.Language.Sources.Config;

/// <summary>How far a layer turns queries and keys by their positions (RoFormer, arXiv 2104.09864).</summary>
/// <param name="Theta">The base of the frequencies (<c>rope_theta</c>).</param>
/// <param name="Scaling">How positions are stretched; null for not at all.</param>
/// <param name="Share">The share of a head that is turned (<c>partial_rotary_factor</c>).</param>
public sealed record RotaryParameters(double Theta, RopeScaling? Scaling, double Share = 1)
{
    /// <summary>What the turned numbers, cosines and sines alike, are multiplied by.</summary>
    public double Factor => Scaling?.RotaryFactor ?? 1;

    /// <summary>The numbers of a head that the frequencies are spread over; an odd one is turned with its neighbour.</summary>
    /// <param name="headDimension">All numbers of a head.</param>
    public int Dimension(int headDimension) => (int)(headDimension * Share);

    /// <summary>The frequencies, scaled, fastest first.</summary>
    /// <param name="headDimension">All numbers of a head.</param>
    /// <param name="length">The positions of the text; 0 for a short one.</param>
    /// <returns>Radians a position, one for each pair of a head that is turned.</returns>
    public double[] Frequencies(int headDimension, int length = 0)
    {
        var dimension = Dimension(headDimension);
        var frequencies = new double[(dimension + 1) / 2];
        for (var index = 0; index < frequencies.Length; index++)
            frequencies[index] = Frequency(new RotaryPlace(index, dimension, Theta, length));
        return frequencies;
    }

    internal double Frequency(RotaryPlace place)
    {
        var frequency = Math.Pow(Theta, -2.0 * place.Index / place.Dimension);
        return Scaling?.Scale(frequency, place) ?? frequency;
    }
}

/// <summary>Which of a model's frequencies is meant, for scalings that treat them differently.</summary>
/// <param name="Index">Its index, from 0, the fastest.</param>
/// <param name="Dimension">The numbers of a head that all frequencies are spread over.</param>
/// <param name="Theta">The base of the frequencies.</param>
/// <param name="Length">The positions of the text.</param>
public readonly record struct RotaryPlace(int Index, int Dimension, double Theta, int Length);
