using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Training;

/// <summary>Muon: a matrix moves by the orthogonal factor of the running mean of its gradients, so that all its directions learn at the
/// same speed. Steps are scaled as AdamW's usually come out, which lets both share a learning rate.</summary>
/// <remarks>Source: Jordan 2024 (the iteration's coefficients, Nesterov's momentum) and Liu et al., arXiv 2502.16982 (the scale).</remarks>
internal static class Muon
{
    private const double Momentum = 0.95;
    private const int Iterations = 5;
    private const float Linear = 3.4445f;
    private const float Cubic = -4.7750f;
    private const float Quintic = 2.0315f;
    private const double UsualStep = 0.2;
    private static readonly Scalar Kept = Momentum.ToScalar();
    private static readonly Scalar New = (1 - Momentum).ToScalar();
    private static readonly Scalar Smallest = 1e-7.ToScalar();

    /// <summary>Moves the layers' matrices in place.</summary>
    /// <param name="parameters">What is learned.</param>
    /// <param name="mean">The running mean of gradients, flat; changed.</param>
    /// <param name="gradient">The gradient, flat.</param>
    /// <param name="rate">The learning rate of this step.</param>
    public static void Step(ParameterSet parameters, Tensor mean, Tensor gradient, double rate)
    {
        using var scope = NewDisposeScope();
        var (leadingMean, leadingGradient) =
            (mean.narrow(0, 0, parameters.LayerMatrixCount), gradient.narrow(0, 0, parameters.LayerMatrixCount));
        leadingMean.mul_(Kept).add_(leadingGradient, New);
        var ahead = leadingGradient.mul(New).add_(leadingMean, Kept);
        foreach (var slice in parameters.Slices.Where(slice => slice.Offset < parameters.LayerMatrixCount))
        {
            using var matrixScope = NewDisposeScope();
            using var move = (-rate * UsualStep * Math.Sqrt(Math.Max(slice.Shape[0], slice.Shape[1]))).ToScalar();
            ParameterSet.View(parameters.Values, slice).add_(Orthogonal(ParameterSet.View(ahead, slice)), move);
        }
    }

    /// <summary>A matrix with the singular vectors of the given one and singular values near 1 (0.7 to 1.2), by a Newton-Schulz
    /// iteration.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <returns>The same shape; the caller owns it.</returns>
    internal static Tensor Orthogonal(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var isTall = matrix.shape[0] > matrix.shape[1];
        var found = (isTall ? matrix.t() : matrix).div(matrix.norm().clamp_min(Smallest));
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var square = found.mm(found.t());
            var even = square.addmm(square, square, Cubic, Quintic);
            found = found.addmm(even, found, Linear, 1);
        }
        return (isTall ? found.t() : found).MoveToOuterDisposeScope();
    }
}
