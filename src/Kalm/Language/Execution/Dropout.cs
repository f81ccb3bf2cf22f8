using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Drops numbers in training passes and scales the others up to keep the mean (JMLR 15:1929, 2014).</summary>
/// <param name="share">The probability with which a number is dropped.</param>
internal sealed class Dropout(double share) : IDisposable
{
    private readonly Scalar kept = (1 - share).ToScalar();

    /// <summary>The probability with which a number is dropped.</summary>
    public double Share => share;

    /// <summary>Draws what decides the rest of a pass by itself.</summary>
    public static long Seed(Generator randomness)
    {
        using var drawn = randint(1L << 53, [1], generator: randomness, dtype: ScalarType.Float64);
        return (long)drawn.ReadNumber();
    }

    /// <param name="input">Any shape.</param>
    /// <param name="randomness">Draws what is dropped; null where nothing is.</param>
    /// <returns>The shape of the input; the input itself where nothing is dropped.</returns>
    public Tensor Apply(Tensor input, Generator? randomness)
    {
        using var mask = Mask(input, input.dtype, randomness);
        return mask is null ? input : input * mask;
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
