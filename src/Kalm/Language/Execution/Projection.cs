using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution;

/// <summary>A linear map y = x W^T + b, with an optional low-rank addition scale * dropout(x) A^T B^T (LoRA, arXiv 2106.09685).</summary>
/// <param name="weight">W, [out, in].</param>
/// <param name="bias">b, [out], or null.</param>
/// <param name="down">A, [rank, in], or null.</param>
/// <param name="up">B, [out, rank], or null.</param>
/// <param name="scale">alpha / rank.</param>
/// <param name="dropout">The probability with which an input of the low-rank path is dropped in training.</param>
/// <param name="kept">An addition that does not learn, scaled already; owned from here on, null for none.</param>
internal sealed class Projection(
    HeldMatrix weight, Tensor? bias, Tensor? down, Tensor? up, double scale, double dropout, KeptLowRank? kept = null) : IDisposable
{
    private readonly Scalar scale = scale.ToScalar();
    private readonly Dropout dropout = new(dropout);

    /// <summary>The map as one of <see cref="AdaptedProducts"/>; null where it is none that learns beside a matrix of F32 or BF16. Lives as
    /// long as this projection.</summary>
    public AdaptedMatrix? Adapted => down is { requires_grad: true } && up is not null && weight.IsMultipliedAsItIs
        ? new AdaptedMatrix(weight.Values, down, up, this.scale) : null;

    /// <summary>What dropout leaves of an input, and scales up, in the precision in which W is multiplied; null where it leaves
    /// all.</summary>
    /// <returns>[tokens, in]; the caller owns it.</returns>
    public Tensor? Mask(Tensor input, Generator? randomness) => dropout.Mask(input, AdaptedProducts.TypeOf(weight.Values), randomness);

    /// <summary>Adds b.</summary>
    /// <returns>The sum, or the output itself where there is none; the caller owns it.</returns>
    public Tensor AddBias(Tensor output) => bias is null ? output : output.Plus(bias);

    /// <param name="input">[tokens, in].</param>
    /// <param name="pass">The pass.</param>
    /// <returns>[tokens, out]; the caller owns it.</returns>
    public Tensor Apply(Tensor input, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        if (kept is not null)
            return Multiply(input, pass).Plus(kept.Multiply(input)).MoveToOuterDisposeScope();
        if (down is null || up is null)
            return Multiply(input, pass).MoveToOuterDisposeScope();
        var low = functional.linear(functional.linear(dropout.Apply(input, pass.Randomness), down), up);
        return Multiply(input, pass).add(low, scale).MoveToOuterDisposeScope();
    }

    private Tensor Multiply(Tensor input, DecoderPass pass)
    {
        if (bias is null)
            return weight.Multiply(input, pass.Block.IsLongPrompt);
        if (weight.IsPlainFor(input))
            return LinearProduct.Apply(input, weight.Values, bias);
        using var scope = NewDisposeScope();
        return weight.Multiply(input, pass.Block.IsLongPrompt).Plus(bias).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        kept?.Dispose();
        scale.Dispose();
        dropout.Dispose();
    }
}
