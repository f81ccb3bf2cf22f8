using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution.Kernels;

/// <summary>A frozen matrix with a low-rank addition that is learned (LoRA, arXiv 2106.09685).</summary>
/// <param name="Weight">W, [out, in], F32 or BF16, without a gradient.</param>
/// <param name="Down">A, [rank, in], F32.</param>
/// <param name="Up">B, [out, rank], F32.</param>
/// <param name="Scale">alpha / rank.</param>
internal sealed record AdaptedMatrix(Tensor Weight, Tensor Down, Tensor Up, Scalar Scale);

/// <summary>Products of one input with several adapted matrices: y = x W^T + s (m x) A^T B^T, m what dropout leaves. All are in the
/// precision in which W is multiplied: in BF16 the input is rounded once for all, and the low-rank part, which is small beside the rest, is
/// added in F32. What all A read alike is one product, and the way back gives one gradient to the input.</summary>
internal sealed class AdaptedProducts : autograd.MultiTensorFunction<AdaptedProducts>
{
    private const string MatricesKey = "matrices";
    private const string WantsInputKey = "input";

    /// <inheritdoc/>
    public override string Name => nameof(AdaptedProducts);

    /// <param name="input">x, [tokens, in], F32.</param>
    /// <param name="matrices">The matrices, all of one precision and one width.</param>
    /// <param name="masks">For each matrix m, [tokens, in], 0 or 1 / (1 - dropout), in the precision of W; empty without dropout.</param>
    /// <returns>For each matrix [tokens, out], F32; the caller owns them.</returns>
    public static Tensor[] Apply(Tensor input, AdaptedMatrix[] matrices, Tensor[] masks)
    {
        object[] all = [matrices, input, .. matrices.Select(matrix => matrix.Down), .. matrices.Select(matrix => matrix.Up), .. masks];
        return [.. apply(all)];
    }

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var scope = NewDisposeScope();
        var (matrices, input) = ((AdaptedMatrix[])vars[0], (Tensor)vars[1]);
        var masks = vars.Skip(2 + 2 * matrices.Length).Cast<Tensor>().ToArray();
        var type = TypeOf(matrices[0].Weight);
        var x = input.to(type);
        var lows = masks.Length == 0
            ? functional.linear(x, Downs(matrices)).split([.. matrices.Select(matrix => matrix.Down.shape[0])], 1)
            : [.. matrices.Zip(masks, (matrix, mask) => functional.linear(x * mask, matrix.Down.to(type)))];
        // What is saved is looked at after this method, so it may not die with the scope.
        ctx.save_for_backward([x.MoveToOuterDisposeScope(), .. lows.Select(low => low.MoveToOuterDisposeScope()), .. masks]);
        ctx.save_data(MatricesKey, matrices);
        ctx.save_data(WantsInputKey, input.requires_grad);
        return [.. matrices.Zip(lows, (matrix, low) => Sum(
            LinearProduct.Apply(x, As(matrix.Weight, type)),
            functional.linear(low, matrix.Up.mul(matrix.Scale).to(type))).MoveToOuterDisposeScope())];
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        using var scope = NewDisposeScope();
        var matrices = (AdaptedMatrix[])ctx.get_data(MatricesKey);
        var saved = ctx.get_saved_variables();
        var (count, x) = (matrices.Length, saved[0]);
        var (lows, masks) = (saved.Skip(1).Take(count).ToArray(), saved.Skip(1 + count).ToArray());
        Tensor[] gradients = [.. grad_outputs.Select(gradient => gradient.to(x.dtype))];
        // What arrives between A and B.
        Tensor[] between = [.. matrices.Zip(gradients, (matrix, gradient) => gradient.mm(matrix.Up.mul(matrix.Scale).to(x.dtype)))];
        Tensor[] toUps = [.. matrices.Zip(gradients, lows).Select(item =>
            item.Second.t().mm(item.Third).to(ScalarType.Float32).mul_(item.First.Scale))];
        List<Tensor> toInput = [];
        Tensor[] toDowns;
        if (masks.Length == 0)
        {
            using var joined = cat(between, 1);
            toDowns = joined.t().mm(x).to(ScalarType.Float32).split([.. matrices.Select(matrix => matrix.Down.shape[0])]);
            if ((bool)ctx.get_data(WantsInputKey))
                toInput.Add(joined.mm(Downs(matrices)));
        }
        else
        {
            toDowns = [.. between.Zip(masks, (part, mask) => part.t().mm(x * mask).to(ScalarType.Float32))];
            if ((bool)ctx.get_data(WantsInputKey))
                toInput.AddRange(between.Zip(masks, matrices).Select(item => item.First.mm(item.Third.Down.to(x.dtype)).mul_(item.Second)));
        }
        if ((bool)ctx.get_data(WantsInputKey))
            toInput.AddRange(gradients.Zip(matrices, (gradient, matrix) => LinearProduct.Apply(gradient, As(matrix.Weight, x.dtype).t())));
        Tensor? change = toInput.Count == 0 ? null : Sum([.. toInput]);
        return WayBack.End(
            [.. grad_outputs, .. saved],
            [
                null!, change?.MoveToOuterDisposeScope()!, .. toDowns.Concat(toUps).Select(tensor => tensor.MoveToOuterDisposeScope()),
                .. masks.Select(_ => (Tensor)null!),
            ]);
    }

    /// <summary>The precision in which a matrix is multiplied.</summary>
    public static ScalarType TypeOf(Tensor weight) => FrozenWeight.IsMultipliedShort(weight) ? weight.dtype : ScalarType.Float32;

    // Made anew for each product where W is held in fewer bytes: kept, they would be all of W again.
    private static Tensor As(Tensor weight, ScalarType type) => weight.dtype == type ? weight : weight.to(type);

    // All A below each other, [sum of ranks, in].
    private static Tensor Downs(AdaptedMatrix[] matrices) =>
        cat([.. matrices.Select(matrix => matrix.Down.detach())]).to(TypeOf(matrices[0].Weight));

    private static Tensor Sum(params ReadOnlySpan<Tensor> parts) =>
        parts[0].dtype != ScalarType.BFloat16 ? Plain(parts)
        : parts[0].device_type == DeviceType.CPU ? ShortNumbers.Sum(parts)
        : Plain([.. parts.ToArray().Select(part => part.to(ScalarType.Float32))]);

    private static Tensor Plain(ReadOnlySpan<Tensor> parts)
    {
        foreach (var part in parts[1..])
            parts[0].PlusInPlace(part);
        return parts[0];
    }
}
