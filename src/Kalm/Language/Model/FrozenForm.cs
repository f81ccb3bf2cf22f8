using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>How a matrix of the base that is not learned is held in fewer bytes: as BF16, as whole numbers of 8 bits with one scale a row
/// (LLM.int8's vector-wise scheme, arXiv 2208.07339), or as the blocks of a GGUF file.</summary>
internal static class FrozenForm
{
    private static readonly Scalar Levels = 127.ToScalar();
    private static readonly Scalar Smallest = 1e-30.ToScalar();

    /// <summary>Whether a tensor of the checkpoint is held in fewer bytes: the matrices of the layers are.</summary>
    public static bool Covers(string name, long[] shape) =>
        shape.Length == 2 && name.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal);

    /// <summary>Brings a matrix into the form in which it is held.</summary>
    /// <param name="weight">[out, in], F32; disposed.</param>
    /// <param name="precision">The form.</param>
    /// <returns>The values, and for 8 bits the scales, [out, 1], F32; the caller owns both.</returns>
    public static (Tensor Values, Tensor? Scales) Hold(Tensor weight, BasePrecision precision)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var given = weight;
        if (precision == BasePrecision.Bf16)
            return (given.to(ScalarType.BFloat16).DetachFromDisposeScope(), null);
        // A row of zeros has no scale of its own; any will do.
        var scales = given.abs().amax([1], keepdim: true).div(Levels).clamp_min(Smallest);
        return (given.div(scales).round().to(ScalarType.Int8).DetachFromDisposeScope(), scales.DetachFromDisposeScope());
    }
}
