using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>y = x / sqrt(mean(x^2) + epsilon) * w over the last dimension (arXiv 1910.07467), in one pass forward and two
/// backward.</summary>
internal sealed class RootMeanSquareNorm : autograd.SingleTensorFunction<RootMeanSquareNorm>
{
    private const string EpsilonKey = "epsilon";

    /// <inheritdoc/>
    public override string Name => nameof(RootMeanSquareNorm);

    /// <param name="states">[..., width], F32 on the CPU.</param>
    /// <param name="weight">[width].</param>
    /// <param name="epsilon">Added to the mean of squares.</param>
    /// <returns>The shape of the states; the caller owns it.</returns>
    public static Tensor Apply(Tensor states, Tensor weight, float epsilon)
    {
        using var contiguous = states.contiguous();
        return is_grad_enabled() && (states.requires_grad || weight.requires_grad)
            ? apply(contiguous, weight, epsilon) : Forward(contiguous, weight, epsilon);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (states, weight, epsilon) = ((Tensor)vars[0], (Tensor)vars[1], (float)vars[2]);
        ctx.save_for_backward([states, weight]);
        ctx.save_data(EpsilonKey, epsilon);
        return Forward(states, weight, epsilon);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        using var gradient = grad_output.contiguous();
        var (toStates, toWeight) = (empty_like(saved[0]), zeros_like(saved[1]));
        var epsilon = (float)ctx.get_data(EpsilonKey);
        var x = Numbers.Of(saved[0]);
        var w = Numbers.Of(saved[1]);
        var g = Numbers.Of(gradient);
        var dx = Numbers.Of(toStates);
        var dw = Numbers.Of(toWeight);
        for (var start = 0; start < x.Length; start += w.Length)
            Backward(x.Slice(start, w.Length), w, g.Slice(start, w.Length), dx.Slice(start, w.Length), dw, epsilon);
        return WayBack.End([grad_output, .. saved], [toStates, toWeight, null!]);
    }

    private static Tensor Forward(Tensor states, Tensor weight, float epsilon)
    {
        var result = empty_like(states);
        var x = Numbers.Of(states);
        var w = Numbers.Of(weight);
        var y = Numbers.Of(result);
        for (var start = 0; start < x.Length; start += w.Length)
            Forward(x.Slice(start, w.Length), w, y.Slice(start, w.Length), epsilon);
        return result;
    }

    private static void Forward(ReadOnlySpan<float> x, ReadOnlySpan<float> w, Span<float> y, float epsilon)
    {
        var scale = Scale(x, epsilon);
        ref var x0 = ref MemoryMarshal.GetReference(x);
        ref var w0 = ref MemoryMarshal.GetReference(w);
        ref var y0 = ref MemoryMarshal.GetReference(y);
        var at = 0;
        for (; at <= x.Length - Numbers.Lanes; at += Numbers.Lanes)
            (Vector512.LoadUnsafe(ref x0, (nuint)at) * scale * Vector512.LoadUnsafe(ref w0, (nuint)at)).StoreUnsafe(ref y0, (nuint)at);
        for (; at < x.Length; at++)
            y[at] = x[at] * scale * w[at];
    }

    // With s the scale and c = s^2 / width * sum(g w x): dx = s (g w - c x), dw += s g x.
    private static void Backward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> g, Span<float> dx, Span<float> dw, float epsilon)
    {
        var scale = Scale(x, epsilon);
        ref var x0 = ref MemoryMarshal.GetReference(x);
        ref var w0 = ref MemoryMarshal.GetReference(w);
        ref var g0 = ref MemoryMarshal.GetReference(g);
        ref var dx0 = ref MemoryMarshal.GetReference(dx);
        ref var dw0 = ref MemoryMarshal.GetReference(dw);
        var products = Vector512<float>.Zero;
        var at = 0;
        for (; at <= x.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var gx = Vector512.LoadUnsafe(ref g0, (nuint)at) * Vector512.LoadUnsafe(ref x0, (nuint)at);
            products = Vector512.FusedMultiplyAdd(gx, Vector512.LoadUnsafe(ref w0, (nuint)at), products);
            Vector512.FusedMultiplyAdd(gx, Vector512.Create(scale), Vector512.LoadUnsafe(ref dw0, (nuint)at))
                .StoreUnsafe(ref dw0, (nuint)at);
        }
        var sum = Vector512.Sum(products);
        for (; at < x.Length; at++)
        {
            sum += g[at] * x[at] * w[at];
            dw[at] += scale * g[at] * x[at];
        }
        var share = scale * scale / x.Length * sum;
        for (at = 0; at <= x.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var gw = Vector512.LoadUnsafe(ref g0, (nuint)at) * Vector512.LoadUnsafe(ref w0, (nuint)at);
            (Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref x0, (nuint)at), Vector512.Create(-share), gw) * scale)
                .StoreUnsafe(ref dx0, (nuint)at);
        }
        for (; at < x.Length; at++)
            dx[at] = scale * (g[at] * w[at] - share * x[at]);
    }

    private static float Scale(ReadOnlySpan<float> x, float epsilon)
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        var squares = Vector512<float>.Zero;
        var at = 0;
        for (; at <= x.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var part = Vector512.LoadUnsafe(ref x0, (nuint)at);
            squares = Vector512.FusedMultiplyAdd(part, part, squares);
        }
        var sum = Vector512.Sum(squares);
        for (; at < x.Length; at++)
            sum += x[at] * x[at];
        return 1 / MathF.Sqrt(sum / x.Length + epsilon);
    }
}
