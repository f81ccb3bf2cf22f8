namespace Kalm.Language.Model.Kernels;

/// <summary>Where the rows of a block lie and what their tokens see: all that attention needs besides its vectors.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Starts">For each row the flat index of its first token.</param>
/// <param name="Sights">For each row what each of its tokens sees.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyHeads">Key and value heads; each serves as many query heads.</param>
/// <param name="Dimension">Numbers of a head.</param>
/// <param name="Angles">Cosines and sines by position.</param>
internal sealed record AttentionPlan(
    IReadOnlyList<TokenRow> Rows, int[] Starts, Sight[][] Sights, int Heads, int KeyHeads, int Dimension, RotaryTable Angles);

/// <summary>Cosines and sines of the first half of a head's numbers, which turn with the second, by position.</summary>
internal sealed record RotaryTable(float[] Cosines, float[] Sines, int Half)
{
    /// <summary>Turns a head's vector by its position.</summary>
    /// <param name="from">The vector.</param>
    /// <param name="to">Where the turned one goes; must not overlap.</param>
    /// <param name="position">The position.</param>
    /// <param name="factor">A factor on the result.</param>
    /// <param name="direction">1, or -1 to turn back.</param>
    public void Turn(ReadOnlySpan<float> from, Span<float> to, int position, float factor, float direction)
    {
        var cosines = Cosines.AsSpan(position * Half, Half);
        var sines = Sines.AsSpan(position * Half, Half);
        var first = from[..Half];
        var second = from[Half..(2 * Half)];
        for (var index = 0; index < Half; index++)
        {
            var (c, s) = (cosines[index] * factor, sines[index] * factor * direction);
            to[index] = first[index] * c - second[index] * s;
            to[Half + index] = second[index] * c + first[index] * s;
        }
    }
}
