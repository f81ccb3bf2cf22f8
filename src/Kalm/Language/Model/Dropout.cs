using Kalm.Engine;
using Kalm.Language.Model.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Drops numbers in training passes and scales the others up to keep the mean (JMLR 15:1929, 2014).</summary>
/// <param name="share">The probability with which a number is dropped.</param>
internal sealed class Dropout(double share) : IDisposable
{
    private readonly Scalar kept = (1 - share).ToScalar();

    /// <param name="states">Any shape.</param>
    /// <param name="added">The same shape.</param>
    /// <param name="randomness">Draws what is dropped of <paramref name="added"/>; null where nothing is.</param>
    /// <param name="fused">Whether the hand-written operation may be taken.</param>
    /// <returns>The sum; the caller owns it.</returns>
    public Tensor Add(Tensor states, Tensor added, Generator? randomness, bool fused)
    {
        if (!fused || randomness is null || share == 0)
            return states.Plus(Apply(added, randomness));
        using var scope = NewDisposeScope();
        return DroppedSum.Apply(states, added, share,
            (long)randint(1L << 53, [1], generator: randomness, dtype: ScalarType.Float64).ReadNumber()).MoveToOuterDisposeScope();
    }

    /// <param name="input">Any shape.</param>
    /// <param name="randomness">Draws what is dropped; null where nothing is.</param>
    /// <returns>The shape of the input; the input itself where nothing is dropped.</returns>
    public Tensor Apply(Tensor input, Generator? randomness)
    {
        if (randomness is null || share == 0)
            return input;
        using var scope = NewDisposeScope();
        return (input * empty_like(input).bernoulli_(1 - share, randomness)).div(kept).MoveToOuterDisposeScope();
    }

    /// <summary>What is dropped of an input as factors: 0, or what scales the others up.</summary>
    /// <returns>The shape of the input; null where nothing is dropped; the caller owns it.</returns>
    public Tensor? Mask(Tensor input, ScalarType type, Generator? randomness)
    {
        if (randomness is null || share == 0)
            return null;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return empty_like(input).bernoulli_(1 - share, randomness).div(kept).to(type).MoveToOuterDisposeScope();
    }

    public void Dispose() => kept.Dispose();
}
