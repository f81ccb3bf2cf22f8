using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>A linear map y = x W^T + b, with an optional low-rank addition scale * dropout(x) A^T B^T (LoRA, arXiv 2106.09685).</summary>
/// <param name="weight">W, [out, in].</param>
/// <param name="bias">b, [out], or null.</param>
/// <param name="down">A, [rank, in], or null.</param>
/// <param name="up">B, [out, rank], or null.</param>
/// <param name="scale">alpha / rank.</param>
/// <param name="dropout">The probability with which an input of the low-rank path is dropped in training.</param>
internal sealed class Projection(Tensor weight, Tensor? bias, Tensor? down, Tensor? up, double scale, double dropout) : IDisposable
{
    private readonly Scalar scale = scale.ToScalar();
    private readonly Scalar? dropped = dropout > 0 ? dropout.ToScalar() : null;
    private readonly Scalar keptShare = (1 - dropout).ToScalar();

    /// <param name="input">[tokens, in].</param>
    /// <param name="randomness">Draws the dropout of a training pass; null where nothing is dropped.</param>
    /// <returns>[tokens, out]; the caller owns it.</returns>
    public Tensor Apply(Tensor input, Generator? randomness)
    {
        if (down is null || up is null)
            return functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        var kept = randomness is null || dropped is null ? input : Drop(input, randomness, dropped);
        var low = functional.linear(functional.linear(kept, down), up);
        return functional.linear(input, weight, bias).add(low, scale).MoveToOuterDisposeScope();
    }

    private Tensor Drop(Tensor input, Generator randomness, Scalar share)
    {
        using var scope = NewDisposeScope();
        var kept = rand(input.shape, device: input.device, generator: randomness).ge(share).to(input.dtype);
        return (input * kept).div(keptShare).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        scale.Dispose();
        dropped?.Dispose();
        keptShare.Dispose();
    }
}
