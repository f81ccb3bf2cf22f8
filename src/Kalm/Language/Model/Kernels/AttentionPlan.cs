using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    IReadOnlyList<TokenRow> Rows, int[] Starts, Sight[][] Sights, int Heads, int KeyHeads, int Dimension, RotaryTable Angles)
{
    /// <summary>Query heads that share a key head.</summary>
    public int Group => Heads / KeyHeads;

    /// <summary>1 / sqrt(dimension), the factor of the scores.</summary>
    public float Scale => 1 / MathF.Sqrt(Dimension);

    /// <summary>The number of tokens that belong to rows.</summary>
    public int TokenCount => Starts[^1] + Rows[^1].Length;
}

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
        ref var first = ref MemoryMarshal.GetReference(from[..(2 * Half)]);
        ref var turned = ref MemoryMarshal.GetReference(to[..(2 * Half)]);
        ref var cosines = ref Cosines[position * Half];
        ref var sines = ref Sines[position * Half];
        var index = 0;
        for (; index <= Half - Numbers.Lanes; index += Numbers.Lanes)
        {
            var c = Vector512.LoadUnsafe(ref cosines, (nuint)index) * factor;
            var s = Vector512.LoadUnsafe(ref sines, (nuint)index) * (factor * direction);
            var (x, y) = (Vector512.LoadUnsafe(ref first, (nuint)index), Vector512.LoadUnsafe(ref first, (nuint)(Half + index)));
            (x * c - y * s).StoreUnsafe(ref turned, (nuint)index);
            (y * c + x * s).StoreUnsafe(ref turned, (nuint)(Half + index));
        }
        for (; index < Half; index++)
        {
            var (c, s) = (Cosines[position * Half + index] * factor, Sines[position * Half + index] * factor * direction);
            (to[index], to[Half + index]) = (from[index] * c - from[Half + index] * s, from[Half + index] * c + from[index] * s);
        }
    }
}
