using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Model;

/// <summary>A linear map y = x W^T, with an optional low-rank addition scale * dropout(x) A^T B^T (LoRA, arXiv 2106.09685).</summary>
/// <param name="weight">W, [out, in].</param>
/// <param name="down">A, [rank, in], or null.</param>
/// <param name="up">B, [out, rank], or null.</param>
/// <param name="scale">alpha / rank.</param>
/// <param name="dropout">The probability with which an input of the low-rank path is dropped in training.</param>
internal sealed class Projection(Tensor weight, Tensor? down, Tensor? up, double scale, double dropout)
{
    /// <param name="input">[tokens, in].</param>
    /// <param name="randomness">Draws the dropout of a training pass; null where nothing is dropped.</param>
    /// <returns>[tokens, out]; the caller owns it.</returns>
    public Tensor Apply(Tensor input, Generator? randomness)
    {
        if (down is null || up is null)
            return functional.linear(input, weight);
        using var scope = NewDisposeScope();
        var kept = randomness is null || dropout == 0 ? input : Drop(input, randomness);
        var low = functional.linear(functional.linear(kept, down), up);
        return functional.linear(input, weight).add(low, scale).MoveToOuterDisposeScope();
    }

    private Tensor Drop(Tensor input, Generator randomness)
    {
        using var scope = NewDisposeScope();
        var kept = rand(input.shape, device: input.device, generator: randomness).ge(dropout).to(input.dtype);
        return (input * kept).div(1 - dropout).MoveToOuterDisposeScope();
    }
}
