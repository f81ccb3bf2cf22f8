using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>A matrix of the base that is not learned, held in fewer bytes: as BF16, as whole numbers of 8 bits with one scale a row
/// (LLM.int8's vector-wise scheme, arXiv 2208.07339), or as the blocks of a GGUF file. Gradients pass through it to its input.</summary>
internal static class FrozenWeight
{
    private static readonly Scalar Levels = 127.ToScalar();
    private static readonly Scalar Smallest = 1e-30.ToScalar();

    /// <summary>Whether a tensor of the checkpoint is held in fewer bytes: the matrices of the layers are.</summary>
    public static bool Covers(string name, long[] shape) =>
        shape.Length == 2 && name.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal);

    /// <summary>Whether half of this machine's memory holds a model whose layers are BF16.</summary>
    public static bool Fits(ModelConfig config)
    {
        var (all, body) = CausalModel.CountParameters(config);
        return body * sizeof(ushort) + (all - body) * sizeof(float) <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
    }

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

    /// <summary>y = x W^T.</summary>
    /// <param name="input">[tokens, in], F32.</param>
    /// <param name="values">From <see cref="Hold"/>.</param>
    /// <param name="scales">From <see cref="Hold"/>; of blocks their storage type.</param>
    /// <param name="team">Shares the restoring of blocks; null for none.</param>
    /// <returns>[tokens, out], F32; the caller owns it.</returns>
    public static Tensor Apply(Tensor input, Tensor values, Tensor? scales, CoreTeam? team = null)
    {
        using var scope = NewDisposeScope();
        var output = scales is null
            ? functional.linear(input.to(values.dtype), values).to(input.dtype)
            : input.requires_grad && is_grad_enabled()
                ? RestoredProduct.apply(input, values, scales)
                : functional.linear(input, Restore(values, scales, team));
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of a row.</summary>
    public static long WidthOf(Tensor values, Tensor? scales) => values.dtype != ScalarType.Byte ? values.shape[1]
        : values.shape[1] / TypeOf(scales!).BlockBytes() * TypeOf(scales!).BlockSize();

    /// <summary>A matrix in single precision.</summary>
    /// <param name="values">8 bits or blocks, from <see cref="Hold"/> or a file.</param>
    /// <param name="scales">What belongs to them.</param>
    /// <param name="team">Shares the rows; null for none.</param>
    /// <returns>[out, in]; the caller owns it.</returns>
    public static Tensor Restore(Tensor values, Tensor scales, CoreTeam? team) => values.dtype == ScalarType.Byte
        ? StoredProduct.Restore(values, TypeOf(scales), WidthOf(values, scales), team) : values.to(scales.dtype).mul_(scales);

    private static GgufTensorType TypeOf(Tensor scales) => (GgufTensorType)scales.data<int>()[0];

    /// <summary>The product with a matrix that is made single precision for it. Differentiated by the engine itself, every restored matrix
    /// would be kept until the way back; here it is restored once more instead.</summary>
    private sealed class RestoredProduct : autograd.SingleTensorFunction<RestoredProduct>
    {
        public override string Name => nameof(RestoredProduct);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (input, values, scales) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
            ctx.save_for_backward([values, scales]);
            using var scope = NewDisposeScope();
            return functional.linear(input, Restore(values, scales, team: null)).MoveToOuterDisposeScope();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var scope = NewDisposeScope();
            var saved = ctx.get_saved_variables();
            return WayBack.End([grad_output, .. saved],
                [grad_output.mm(Restore(saved[0], saved[1], team: null)).MoveToOuterDisposeScope(), null!, null!]);
        }
    }
}
