using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Gguf;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>A matrix of the model in the form in which it is held.</summary>
/// <param name="values">[out, in], F32, or as <see cref="FrozenWeight"/> holds it.</param>
/// <param name="scales">What <see cref="FrozenWeight"/> holds beside it; null for F32 and BF16.</param>
/// <param name="team">Shares products with a few rows; null where the library does all.</param>
/// <param name="isShort">Whether F32 values are rounded to BF16 for each product, on a GPU.</param>
internal sealed class HeldMatrix(Tensor values, Tensor? scales, CoreTeam? team, bool isShort)
{
    private readonly GgufTensorType? form = team is null ? null : FormOf(values, scales);

    /// <summary>The values as they are held.</summary>
    public Tensor Values => values;

    /// <summary>Whether the values are numbers that the library multiplies.</summary>
    public bool IsMultipliedAsItIs => scales is null && !values.requires_grad;

    /// <summary>y = x W^T.</summary>
    /// <param name="input">[tokens, in], F32.</param>
    /// <param name="mayRound">Whether x, and W's numbers, may be rounded to BF16: done where W is stored in 16 bits or fewer, x has many
    /// rows and the processor gains by it.</param>
    /// <returns>[tokens, out], F32; the caller owns it.</returns>
    public Tensor Multiply(Tensor input, bool mayRound = false)
    {
        if (TakesOwn(input))
            return StoredProduct.Apply(input, values, form!.Value, team!);
        if (mayRound && scales is not null && form is { } stored && MatrixProducts.GainsFromBf16 && !is_grad_enabled())
            return StoredProduct.ApplyRounded(input, values, stored, team!);
        if (isShort && values.dtype == ScalarType.Float32)
            return FrozenWeight.Shortened(input, values);
        return values.dtype == ScalarType.Float32 ? LinearProduct.Apply(input, values) : FrozenWeight.Apply(input, values, scales, team);
    }

    /// <summary>Whether the library multiplies F32 numbers here, and can add a bias as it does.</summary>
    public bool IsPlainFor(Tensor input) => values.dtype == ScalarType.Float32 && !isShort && !TakesOwn(input);

    /// <summary>Some rows, in single precision.</summary>
    /// <param name="rows">[count], int64.</param>
    /// <returns>[count, in]; the caller owns it.</returns>
    public Tensor Rows(Tensor rows)
    {
        if (scales is null)
            return values.index_select(0, rows);
        using var scope = NewDisposeScope();
        return FrozenWeight.Restore(values.index_select(0, rows), scales, team: null).MoveToOuterDisposeScope();
    }

    private bool TakesOwn(Tensor input) =>
        form is not null && input.shape[0] <= StoredProduct.MostRows && !(input.requires_grad && is_grad_enabled());

    private static GgufTensorType? FormOf(Tensor values, Tensor? scales)
    {
        GgufTensorType? type = values.dtype switch
        {
            ScalarType.Float32 => GgufTensorType.F32,
            ScalarType.BFloat16 => GgufTensorType.BF16,
            ScalarType.Byte => (GgufTensorType)scales!.data<int>()[0],
            _ => null,
        };
        return type is { } found && values.shape.Length == 2 && StoredMatrix.Covers(found, FrozenWeight.WidthOf(values, scales))
            ? type : null;
    }
}
