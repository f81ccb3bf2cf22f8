using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution;

/// <summary>A norm over the last dimension, of the kind that the architecture has.</summary>
/// <param name="config">Gives kind and epsilon.</param>
/// <param name="weight">[width].</param>
/// <param name="bias">[width], or null.</param>
/// <param name="kernels">What computes it; not owned.</param>
internal sealed class Norm(ModelConfig config, Tensor weight, Tensor? bias, IDecoderKernels kernels)
{
    private static readonly Scalar One = 1.ToScalar();
    private readonly NormKind kind = config.Architecture.Norm;
    private readonly double epsilon = config.NormEpsilon;
    private readonly long[] width = weight.shape;

    /// <param name="states">[..., width].</param>
    /// <returns>The same shape; the caller owns it.</returns>
    public Tensor Apply(Tensor states)
    {
        if (kind == NormKind.LayerNorm)
            return functional.layer_norm(states, width, weight, bias, epsilon);
        using var scope = NewDisposeScope();
        var factor = kind == NormKind.ShiftedRootMeanSquare ? weight.Plus(One) : weight;
        return kernels.RootMeanSquareNorm(states, factor, (float)epsilon).MoveToOuterDisposeScope();
    }
}
