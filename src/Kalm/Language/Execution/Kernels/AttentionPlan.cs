using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Where the rows of a block lie and what their tokens see: all that attention needs besides its vectors.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Starts">For each row the flat index of its first token.</param>
/// <param name="Spans">For each row what each of its tokens sees.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyHeads">Key and value heads; each serves as many query heads.</param>
/// <param name="Dimension">Numbers of a head.</param>
/// <param name="Angles">For each row cosines and sines by position.</param>
/// <param name="Scale">The factor of the scores.</param>
/// <param name="Stretch">What queries are multiplied by besides, by position; null for nothing.</param>
internal sealed record AttentionPlan(
    IReadOnlyList<TokenRow> Rows, int[] Starts, AttentionSpan[][] Spans, int Heads, int KeyHeads, int Dimension, RotaryTable[] Angles,
    float Scale, QueryStretch? Stretch)
{
    /// <summary>Query heads that share a key head.</summary>
    public int Group => Heads / KeyHeads;

    /// <summary>The factor of a query at a position.</summary>
    public float ScaleAt(int position) => Stretch is null ? Scale : Scale * (float)Stretch.At(position);

    /// <summary>The number of tokens that belong to rows.</summary>
    public int TokenCount => Starts[^1] + Rows[^1].Length;
}

/// <summary>Cosines and sines by position, one for each pair of a head's numbers that turn together; the numbers behind the pairs
/// stay.</summary>
/// <param name="Cosines">[positions, pairs].</param>
/// <param name="Sines">[positions, pairs].</param>
/// <param name="Half">The number of pairs.</param>
/// <param name="IsInterleaved">Whether a pair are neighbours, rather than as far apart as there are pairs.</param>
internal sealed record RotaryTable(float[] Cosines, float[] Sines, int Half, bool IsInterleaved)
{
    /// <summary>Turns nothing.</summary>
    public static RotaryTable None { get; } = new([], [], 0, false);

    /// <summary>Turns a head's vector by its position.</summary>
    /// <param name="from">The vector.</param>
    /// <param name="to">Where the turned one goes; must not overlap.</param>
    /// <param name="position">The position.</param>
    /// <param name="factor">A factor on the result.</param>
    /// <param name="direction">1, or -1 to turn back.</param>
    public void Turn(ReadOnlySpan<float> from, Span<float> to, int position, float factor, float direction)
    {
        if (IsInterleaved)
            TurnNeighbours(from, to, position * Half, factor, direction);
        else if (Half > 0)
            TurnHalves(from, to, position * Half, factor, direction);
        for (var index = 2 * Half; index < from.Length; index++)
            to[index] = from[index] * factor;
    }

    private void TurnHalves(ReadOnlySpan<float> from, Span<float> to, int row, float factor, float direction)
    {
        ref var first = ref MemoryMarshal.GetReference(from[..(2 * Half)]);
        ref var turned = ref MemoryMarshal.GetReference(to[..(2 * Half)]);
        ref var cosines = ref Cosines[row];
        ref var sines = ref Sines[row];
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
            var (c, s) = (Cosines[row + index] * factor, Sines[row + index] * factor * direction);
            (to[index], to[Half + index]) = (from[index] * c - from[Half + index] * s, from[Half + index] * c + from[index] * s);
        }
    }

    private void TurnNeighbours(ReadOnlySpan<float> from, Span<float> to, int row, float factor, float direction)
    {
        for (var index = 0; index < Half; index++)
        {
            var (c, s) = (Cosines[row + index] * factor, Sines[row + index] * factor * direction);
            var (x, y) = (from[2 * index], from[2 * index + 1]);
            (to[2 * index], to[2 * index + 1]) = (x * c - y * s, y * c + x * s);
        }
    }
}
