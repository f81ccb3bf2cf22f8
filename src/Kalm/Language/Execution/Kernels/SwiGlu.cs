using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>y = gate * sigmoid(gate) * up, the product inside SwiGLU (arXiv 2002.05202), in one pass each way.</summary>
internal sealed class SwiGlu : autograd.SingleTensorFunction<SwiGlu>
{
    /// <inheritdoc/>
    public override string Name => nameof(SwiGlu);

    /// <param name="gate">Any shape, F32 on the CPU, contiguous.</param>
    /// <param name="up">The same shape.</param>
    /// <returns>The same shape; the caller owns it.</returns>
    public static Tensor Apply(Tensor gate, Tensor up) =>
        is_grad_enabled() && (gate.requires_grad || up.requires_grad) ? apply(gate, up) : Forward(gate, up);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([gate, up]);
        return Forward(gate, up);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        using var gradient = grad_output.contiguous();
        var (toGate, toUp) = (empty_like(saved[0]), empty_like(saved[1]));
        Backward(Numbers.Of(saved[0]), Numbers.Of(saved[1]), Numbers.Of(gradient), Numbers.Of(toGate), Numbers.Of(toUp));
        return WayBack.End([grad_output, .. saved], [toGate, toUp]);
    }

    private static Tensor Forward(Tensor gate, Tensor up)
    {
        var result = empty_like(gate);
        Forward(Numbers.Of(gate), Numbers.Of(up), Numbers.Of(result));
        return result;
    }

    private static void Forward(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        ref var gate0 = ref MemoryMarshal.GetReference(gate);
        ref var up0 = ref MemoryMarshal.GetReference(up);
        ref var y0 = ref MemoryMarshal.GetReference(y);
        var at = 0;
        for (; at <= y.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var g = Vector512.LoadUnsafe(ref gate0, (nuint)at);
            (g * Numbers.Sigmoid(g) * Vector512.LoadUnsafe(ref up0, (nuint)at)).StoreUnsafe(ref y0, (nuint)at);
        }
        if (at == y.Length)
            return;
        // The rest by the same operations: what comes of a number does not depend on where it stands.
        Span<float> rest = stackalloc float[3 * Numbers.Lanes];
        rest.Clear();
        gate[at..].CopyTo(rest);
        up[at..].CopyTo(rest[Numbers.Lanes..]);
        Forward(rest[..Numbers.Lanes], rest[Numbers.Lanes..(2 * Numbers.Lanes)], rest[(2 * Numbers.Lanes)..]);
        rest.Slice(2 * Numbers.Lanes, y.Length - at).CopyTo(y[at..]);
    }

    // With s = sigmoid(gate): d(gate s) / d gate = s (1 + gate (1 - s)).
    private static void Backward(
        ReadOnlySpan<float> gate, ReadOnlySpan<float> up, ReadOnlySpan<float> dy, Span<float> dGate, Span<float> dUp)
    {
        ref var gate0 = ref MemoryMarshal.GetReference(gate);
        ref var up0 = ref MemoryMarshal.GetReference(up);
        ref var dy0 = ref MemoryMarshal.GetReference(dy);
        ref var dGate0 = ref MemoryMarshal.GetReference(dGate);
        ref var dUp0 = ref MemoryMarshal.GetReference(dUp);
        var at = 0;
        for (; at <= dy.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var g = Vector512.LoadUnsafe(ref gate0, (nuint)at);
            var d = Vector512.LoadUnsafe(ref dy0, (nuint)at);
            var s = Numbers.Sigmoid(g);
            (d * g * s).StoreUnsafe(ref dUp0, (nuint)at);
            var gradient = s * Vector512.FusedMultiplyAdd(g, Vector512<float>.One - s, Vector512<float>.One);
            (d * Vector512.LoadUnsafe(ref up0, (nuint)at) * gradient).StoreUnsafe(ref dGate0, (nuint)at);
        }
        for (; at < dy.Length; at++)
        {
            var s = 1 / (1 + MathF.Exp(-gate[at]));
            dUp[at] = dy[at] * gate[at] * s;
            dGate[at] = dy[at] * up[at] * s * (1 + gate[at] * (1 - s));
        }
    }
}
