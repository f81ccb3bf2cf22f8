using static TorchSharp.torch;
using TorchSharp;

namespace Kalm.Engine;

/// <summary>Addition whose hidden factor stays alive: TorchSharp's own <c>a + b</c> makes a <see cref="Scalar"/> for it that the finalizer
/// may free while the operation runs.</summary>
internal static class TensorArithmetic
{
    private static readonly Scalar one = 1.ToScalar();

    /// <summary>The sum of two tensors of shapes that broadcast.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, one);

    /// <summary>The sum of a tensor and a number.</summary>
    public static Tensor Plus(this Tensor left, Scalar right) => left.add(right, one);

    /// <summary>Adds to a tensor in place and returns that same tensor.</summary>
    public static Tensor PlusInPlace(this Tensor left, Tensor right) => left.add_(right, one);

    /// <inheritdoc cref="PlusInPlace(Tensor, Tensor)"/>
    public static Tensor PlusInPlace(this Tensor left, Scalar right) => left.add_(right, one);
}
