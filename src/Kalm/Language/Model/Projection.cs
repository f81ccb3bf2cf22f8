using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>A linear map y = x W^T + b, with an optional low-rank addition scale * dropout(x) A^T B^T (LoRA, arXiv 2106.09685).</summary>
/// <param name="weight">W, [out, in]: F32, or as <see cref="FrozenWeight"/> holds it.</param>
/// <param name="scales">The scales of W's rows when it is held in 8 bits, or null.</param>
/// <param name="bias">b, [out], or null.</param>
/// <param name="down">A, [rank, in], or null.</param>
/// <param name="up">B, [out, rank], or null.</param>
/// <param name="scale">alpha / rank.</param>
/// <param name="dropout">The probability with which an input of the low-rank path is dropped in training.</param>
internal sealed class Projection(
    Tensor weight, Tensor? scales, Tensor? bias, Tensor? down, Tensor? up, double scale, double dropout) : IDisposable
{
    private readonly Scalar scale = scale.ToScalar();
    private readonly Dropout dropout = new(dropout);

    /// <param name="input">[tokens, in].</param>
    /// <param name="randomness">Draws the dropout of a training pass; null where nothing is dropped.</param>
    /// <returns>[tokens, out]; the caller owns it.</returns>
    public Tensor Apply(Tensor input, Generator? randomness)
    {
        if (down is null || up is null)
            return Multiply(input);
        using var scope = NewDisposeScope();
        var low = functional.linear(functional.linear(dropout.Apply(input, randomness), down), up);
        return Multiply(input).add(low, scale).MoveToOuterDisposeScope();
    }

    private Tensor Multiply(Tensor input)
    {
        if (weight.dtype == ScalarType.Float32)
            return functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        var product = FrozenWeight.Apply(input, weight, scales);
        return (bias is null ? product : product.Plus(bias)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        scale.Dispose();
        dropout.Dispose();
    }
}
