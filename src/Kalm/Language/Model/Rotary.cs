using System.Numerics;
using Kalm.Language.Model.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Rotary position embedding in the rotate-half layout (RoFormer, arXiv 2104.09864; Hugging Face's order of q and k rows):
/// the first half of a head turns with its second half.</summary>
public sealed class Rotary : IDisposable
{
    private const int FewestPositions = 256;
    private static readonly Scalar One = 1.ToScalar();
    private readonly double[] frequencies;
    private readonly Device device;
    private Tensor? cosine;
    private Tensor? sine;
    private RotaryTable? table;

    /// <summary>Takes the model's frequencies; the tables are made when positions are asked for.</summary>
    /// <param name="config">Gives head dimension and frequencies.</param>
    /// <param name="device">Where the tables live.</param>
    public Rotary(ModelConfig config, Device device)
    {
        frequencies = config.RotaryFrequencies();
        this.device = device;
    }

    /// <summary>The angles of the given positions.</summary>
    /// <param name="positions">[rows, length], int64.</param>
    /// <param name="last">The highest of them.</param>
    /// <returns>Cosines and signed sines, each [rows, length, 1, head dimension]; the caller owns them.</returns>
    public (Tensor Cosine, Tensor Sine) Angles(Tensor positions, int last)
    {
        if (cosine is null || sine is null || cosine.shape[0] <= last)
            (cosine, sine) = Tabulate(last + 1);
        using var scope = NewDisposeScope();
        var flat = positions.flatten();
        long[] shape = [positions.shape[0], positions.shape[1], 1, cosine.shape[1]];
        return (cosine.index_select(0, flat).view(shape).MoveToOuterDisposeScope(), sine.index_select(0, flat).view(shape).MoveToOuterDisposeScope());
    }

    /// <summary>Cosines and sines of all positions up to one, as plain numbers.</summary>
    /// <param name="last">The highest position.</param>
    internal RotaryTable Table(int last)
    {
        var half = frequencies.Length;
        if (table is { } made && made.Cosines.Length >= (last + 1) * half)
            return made;
        var rows = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(last + 1, FewestPositions));
        table = new RotaryTable(new float[rows * half], new float[rows * half], half);
        for (var index = 0; index < rows * half; index++)
        {
            var (sin, cos) = Math.SinCos(index / half * frequencies[index % half]);
            (table.Cosines[index], table.Sines[index]) = ((float)cos, (float)sin);
        }
        return table;
    }

    // A model of 131,072 positions is mostly used for short texts: the tables grow to the power of two that holds the longest so far.
    private (Tensor Cosine, Tensor Sine) Tabulate(int count)
    {
        Dispose();
        var rows = (long)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count, FewestPositions));
        var half = frequencies.Length;
        var cosines = new float[rows * 2 * half];
        var sines = new float[cosines.LongLength];
        for (long position = 0; position < rows; position++)
            for (var index = 0; index < half; index++)
            {
                // Angles in double: at position 100,000 a float angle is wrong in the third digit.
                var (sin, cos) = Math.SinCos(position * frequencies[index]);
                var first = position * 2 * half + index;
                cosines[first] = cosines[first + half] = (float)cos;
                sines[first] = -(float)sin;
                sines[first + half] = (float)sin;
            }
        long[] shape = [rows, 2 * half];
        return (tensor(cosines, shape, device: device).DetachFromDisposeScope(), tensor(sines, shape, device: device).DetachFromDisposeScope());
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
        return addcmul(vectors * cosine, swapped, sine, One).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cosine?.Dispose();
        sine?.Dispose();
    }
}
