using Kalm.Engine;
using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>A norm over the last dimension, of the kind that the architecture has.</summary>
/// <param name="config">Gives kind and epsilon.</param>
/// <param name="weight">[width].</param>
/// <param name="bias">[width], or null.</param>
/// <param name="fused">Whether the hand-written operation may be taken.</param>
internal sealed class Norm(ModelConfig config, Tensor weight, Tensor? bias, bool fused) : IDisposable
{
    private static readonly Scalar One = 1.ToScalar();
    private readonly NormKind kind = config.Architecture.Norm;
    private readonly double epsilon = config.NormEpsilon;
    private readonly Scalar added = config.NormEpsilon.ToScalar();
    private readonly long[] width = weight.shape;

    /// <param name="states">[..., width].</param>
    /// <returns>The same shape; the caller owns it.</returns>
    public Tensor Apply(Tensor states)
    {
        if (kind == NormKind.LayerNorm)
            return functional.layer_norm(states, width, weight, bias, epsilon);
        using var scope = NewDisposeScope();
        var factor = kind == NormKind.ShiftedRootMeanSquare ? weight.Plus(One) : weight;
        if (fused)
            return RootMeanSquareNorm.Apply(states, factor, (float)epsilon).MoveToOuterDisposeScope();
        var scale = (states * states).mean([-1], keepdim: true).Plus(added).rsqrt();
        return (states * scale * factor).MoveToOuterDisposeScope();
    }

    public void Dispose() => added.Dispose();
}
