using Kalm.Language.Checkpoints;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Rotary position embedding in the rotate-half layout (RoFormer, arXiv 2104.09864; Hugging Face's order of q and k rows):
/// the first half of a head turns with its second half.</summary>
public sealed class Rotary : IDisposable
{
    private readonly Tensor cosine;
    private readonly Tensor sine;

    /// <summary>Tabulates the angles of every position.</summary>
    /// <param name="config">Gives head dimension, base frequency and the number of positions.</param>
    /// <param name="device">Where the tables live.</param>
    public Rotary(ModelConfig config, Device device)
    {
        var half = config.HeadDimension / 2;
        var cosines = new float[config.MaxPositions * config.HeadDimension];
        var sines = new float[cosines.Length];
        for (var position = 0; position < config.MaxPositions; position++)
            for (var index = 0; index < half; index++)
            {
                // Angles in double: at position 100,000 a float angle is wrong in the third digit.
                var (sin, cos) = Math.SinCos(position * Math.Pow(config.RopeTheta, -2.0 * index / config.HeadDimension));
                var first = position * config.HeadDimension + index;
                cosines[first] = cosines[first + half] = (float)cos;
                sines[first] = -(float)sin;
                sines[first + half] = (float)sin;
            }
        long[] shape = [config.MaxPositions, config.HeadDimension];
        cosine = tensor(cosines, shape, device: device).DetachFromDisposeScope();
        sine = tensor(sines, shape, device: device).DetachFromDisposeScope();
    }

    /// <summary>The angles of the given positions.</summary>
    /// <param name="positions">[rows, length], int64.</param>
    /// <returns>Cosines and signed sines, each [rows, length, 1, head dimension]; the caller owns them.</returns>
    public (Tensor Cosine, Tensor Sine) Angles(Tensor positions)
    {
        using var scope = NewDisposeScope();
        var flat = positions.flatten();
        long[] shape = [positions.shape[0], positions.shape[1], 1, cosine.shape[1]];
        return (cosine.index_select(0, flat).view(shape).MoveToOuterDisposeScope(), sine.index_select(0, flat).view(shape).MoveToOuterDisposeScope());
    }

    /// <summary>Turns query or key vectors by their angles.</summary>
    /// <param name="vectors">[rows, length, heads, head dimension].</param>
    /// <param name="cosine">From <see cref="Angles"/>.</param>
    /// <param name="sine">From <see cref="Angles"/>, the first half negated.</param>
    /// <returns>A tensor of the same shape; the caller owns it.</returns>
    public static Tensor Turn(Tensor vectors, Tensor cosine, Tensor sine)
    {
        using var scope = NewDisposeScope();
        var half = vectors.shape[3] / 2;
        var swapped = cat([vectors.narrow(3, half, half), vectors.narrow(3, 0, half)], 3);
        return addcmul(vectors * cosine, swapped, sine, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cosine.Dispose();
        sine.Dispose();
    }
}
