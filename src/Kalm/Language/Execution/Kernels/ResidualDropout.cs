using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>y = states + dropout(added), in one pass each way: what is dropped is drawn from a seed, and drawn again on the way back
/// instead of being kept.</summary>
internal sealed class ResidualDropout : autograd.SingleTensorFunction<ResidualDropout>
{
    private const string SeedKey = "seed";
    private const string ShareKey = "share";

    /// <inheritdoc/>
    public override string Name => nameof(ResidualDropout);

    /// <param name="states">Any shape, F32 on the CPU, contiguous.</param>
    /// <param name="added">The same shape.</param>
    /// <param name="share">The probability with which a number of <paramref name="added"/> is dropped; the others grow by 1 / (1 -
    /// share).</param>
    /// <param name="seed">Decides which.</param>
    /// <returns>The same shape; the caller owns it.</returns>
    public static Tensor Apply(Tensor states, Tensor added, double share, long seed) => apply(states, added, share, seed);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (states, added, share, seed) = ((Tensor)vars[0], (Tensor)vars[1], (double)vars[2], (long)vars[3]);
        ctx.save_data(ShareKey, share);
        ctx.save_data(SeedKey, seed);
        var result = empty_like(states);
        Drop(Numbers.Of(added), Numbers.Of(states), Numbers.Of(result), share, seed);
        return result;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var gradient = grad_output.contiguous();
        var toAdded = empty_like(gradient);
        Drop(Numbers.Of(gradient), [], Numbers.Of(toAdded), (double)ctx.get_data(ShareKey), (long)ctx.get_data(SeedKey));
        return WayBack.End([grad_output], [grad_output.alias(), toAdded, null!, null!]);
    }

    private static void Drop(ReadOnlySpan<float> from, ReadOnlySpan<float> states, Span<float> to, double share, long seed)
    {
        var lowest = Vector512.Create((uint)(share * uint.MaxValue));
        var factor = Vector512.Create((float)(1 / (1 - share)));
        var draw = Start(seed);
        Span<float> end = stackalloc float[Numbers.Lanes];
        ref var from0 = ref MemoryMarshal.GetReference(from);
        ref var base0 = ref MemoryMarshal.GetReference(states);
        ref var to0 = ref MemoryMarshal.GetReference(to);
        var at = 0;
        for (; at <= from.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            draw = Next(draw);
            var kept = Kept(Vector512.LoadUnsafe(ref from0, (nuint)at), draw, lowest, factor);
            (states.IsEmpty ? kept : kept + Vector512.LoadUnsafe(ref base0, (nuint)at)).StoreUnsafe(ref to0, (nuint)at);
        }
        if (at == from.Length)
            return;
        from[at..].CopyTo(end);
        Kept(Vector512.Create<float>(end), Next(draw), lowest, factor).CopyTo(end);
        for (var lane = 0; at < from.Length; at++, lane++)
            to[at] = end[lane] + (states.IsEmpty ? 0 : states[at]);
    }

    private static Vector512<float> Kept(Vector512<float> numbers, Vector512<uint> draw, Vector512<uint> lowest, Vector512<float> factor) =>
        numbers * factor & Vector512.GreaterThanOrEqual(draw, lowest).AsSingle();

    /// <summary>Marsaglia's xorshift of 32 bits (JSS 8:14, 2003), one generator a lane.</summary>
    private static Vector512<uint> Next(Vector512<uint> draw)
    {
        draw ^= draw << 13;
        draw ^= draw >>> 17;
        return draw ^ draw << 5;
    }

    private static Vector512<uint> Start(long seed)
    {
        var random = new Random(unchecked((int)(seed ^ seed >> 32)));
        Span<uint> lanes = stackalloc uint[Numbers.Lanes];
        foreach (ref var lane in lanes)
            lane = (uint)random.NextInt64(1, uint.MaxValue);
        return Vector512.Create<uint>(lanes);
    }
}
