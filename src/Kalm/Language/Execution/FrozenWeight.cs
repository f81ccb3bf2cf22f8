using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Gguf;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution;

/// <summary>Products with a matrix of the base that is not learned, as <see cref="FrozenForm"/> holds it. Gradients pass through it to its
/// input.</summary>
internal static class FrozenWeight
{
    /// <summary>y = x W^T.</summary>
    /// <param name="input">[tokens, in], F32.</param>
    /// <param name="values">From <see cref="FrozenForm.Hold"/>.</param>
    /// <param name="scales">From <see cref="FrozenForm.Hold"/>; of blocks their storage type.</param>
    /// <param name="team">Shares the restoring of blocks; null for none.</param>
    /// <returns>[tokens, out], F32; the caller owns it.</returns>
    public static Tensor Apply(Tensor input, Tensor values, Tensor? scales, CoreTeam? team = null)
    {
        using var scope = NewDisposeScope();
        var output = scales is null && IsMultipliedShort(values)
            ? functional.linear(input.to(values.dtype), values).to(input.dtype)
            : input.requires_grad && is_grad_enabled()
                ? RestoredProduct.apply(input, values, scales!)
                : LinearProduct.Apply(input, Restore(values, scales, team));
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>y = x W^T of F32 numbers, both rounded to BF16 first.</summary>
    /// <returns>[tokens, out], F32; the caller owns it.</returns>
    public static Tensor Shortened(Tensor input, Tensor values)
    {
        using var scope = NewDisposeScope();
        return functional.linear(input.bfloat16(), values.bfloat16()).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Whether a matrix held as BF16 is multiplied as such, not made single precision for it.</summary>
    public static bool IsMultipliedShort(Tensor values) =>
        values.dtype == ScalarType.BFloat16 && (values.device_type != TorchSharp.DeviceType.CPU || MatrixProducts.GainsFromBf16);

    /// <summary>The numbers of a row.</summary>
    public static long WidthOf(Tensor values, Tensor? scales) => values.dtype != ScalarType.Byte ? values.shape[1]
        : values.shape[1] / TypeOf(scales!).BlockBytes() * TypeOf(scales!).BlockSize();

    /// <summary>A matrix in single precision.</summary>
    /// <param name="values">From <see cref="FrozenForm.Hold"/>, or blocks of a file.</param>
    /// <param name="scales">What belongs to them; null for BF16.</param>
    /// <param name="team">Shares the rows; null for none.</param>
    /// <returns>[out, in]; the caller owns it.</returns>
    public static Tensor Restore(Tensor values, Tensor? scales, CoreTeam? team) => scales is null ? values.to(ScalarType.Float32)
        : values.dtype == ScalarType.Byte ? StoredProduct.Restore(values, TypeOf(scales), WidthOf(values, scales), team)
        : values.to(scales.dtype).mul_(scales);

    private static GgufTensorType TypeOf(Tensor scales) => (GgufTensorType)scales.data<int>()[0];

    /// <summary>The product with a matrix that is made single precision for it. Differentiated by the engine itself, every restored matrix
    /// would be kept until the way back; here it is restored once more instead.</summary>
    private sealed class RestoredProduct : autograd.SingleTensorFunction<RestoredProduct>
    {
        public override string Name => nameof(RestoredProduct);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (input, values, scales) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
            ctx.save_for_backward(scales is null ? [values] : [values, scales]);
            using var scope = NewDisposeScope();
            return LinearProduct.Apply(input, Restore(values, scales, team: null)).MoveToOuterDisposeScope();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var scope = NewDisposeScope();
            var saved = ctx.get_saved_variables();
            var change = LinearProduct.Apply(grad_output, Restore(saved[0], saved.ElementAtOrDefault(1), team: null).t());
            return WayBack.End([grad_output, .. saved], [change.MoveToOuterDisposeScope(), null!, null!]);
        }
    }
}
