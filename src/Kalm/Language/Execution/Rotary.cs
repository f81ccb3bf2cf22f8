using System.Numerics;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Rotary position embedding (RoFormer, arXiv 2104.09864): the first half of what is turned of a head turns with its second half
/// (Hugging
/// Face's order of most q and k rows), or each number with its neighbour. Where frequencies depend on a text's length, each row has its
/// own.</summary>
/// <param name="parameters">Base, scaling and share.</param>
/// <param name="headDimension">All numbers of a head.</param>
/// <param name="isInterleaved">Whether neighbours turn together.</param>
/// <param name="device">Where the tables live.</param>
internal sealed class Rotary(RotaryParameters parameters, int headDimension, bool isInterleaved, Device device) : IDisposable
{
    private const int FewestPositions = 256;
    private const int MostRegimes = 16;
    private static readonly Scalar One = 1.ToScalar();
    private readonly int width = (parameters.Dimension(headDimension) + 1) / 2 * 2;
    private readonly Dictionary<int, RotaryTable> tables = [];
    private readonly Dictionary<int, (Tensor Cosine, Tensor Sine)> tensors = [];

    /// <summary>The angles of a block's positions.</summary>
    /// <param name="block">The rows.</param>
    /// <returns>Cosines and signed sines, each [rows, length, 1, turned numbers]; the caller owns them.</returns>
    public (Tensor Cosine, Tensor Sine) Angles(TokenBlock block)
    {
        using var scope = NewDisposeScope();
        var flat = block.Positions.flatten();
        long[] shape = [block.Positions.shape[0], block.Positions.shape[1], 1, width];
        var lengths = block.RowLengths;
        var longest = lengths.Max();
        Tensor cosine, sine;
        if (lengths.All(length => Regime(length) == Regime(longest)))
        {
            var table = Tensors(longest, longest);
            (cosine, sine) = (table.Cosine.index_select(0, flat), table.Sine.index_select(0, flat));
        }
        else
        {
            var parts = new List<(Tensor, Tensor)>();
            for (var row = 0; row < lengths.Count; row++)
            {
                var end = row + 1 < lengths.Count ? block.Starts[row + 1] : flat.numel();
                var positions = flat.narrow(0, block.Starts[row], end - block.Starts[row]);
                var table = Tensors(lengths[row], longest);
                parts.Add((table.Cosine.index_select(0, positions), table.Sine.index_select(0, positions)));
            }
            (cosine, sine) = (cat([.. parts.Select(part => part.Item1)]), cat([.. parts.Select(part => part.Item2)]));
        }
        return (cosine.view(shape).MoveToOuterDisposeScope(), sine.view(shape).MoveToOuterDisposeScope());
    }

    /// <summary>Cosines and sines of a text's positions, as plain numbers.</summary>
    /// <param name="length">The positions of the text.</param>
    public RotaryTable Table(int length)
    {
        var regime = Regime(length);
        if (tables.TryGetValue(regime, out var made) && made.Cosines.Length >= length * made.Half)
            return made;
        if (tables.Count == MostRegimes)
            tables.Clear();
        return tables[regime] = Tabulate(length, length);
    }

    /// <summary>Turns query or key vectors by their angles.</summary>
    /// <param name="vectors">[rows, length, heads, head dimension].</param>
    /// <param name="angles">From <see cref="Angles"/>.</param>
    /// <returns>A tensor of the same shape; the caller owns it.</returns>
    public Tensor Turn(Tensor vectors, (Tensor Cosine, Tensor Sine) angles)
    {
        using var scope = NewDisposeScope();
        var isWhole = vectors.shape[3] == width;
        var turning = isWhole ? vectors : vectors.narrow(3, 0, width);
        var half = width / 2;
        var swapped = isInterleaved
            ? turning.reshape(vectors.shape[0], vectors.shape[1], vectors.shape[2], half, 2).flip(4).reshape(turning.shape)
            : cat([turning.narrow(3, half, half), turning.narrow(3, 0, half)], 3);
        var turned = addcmul(turning * angles.Cosine, swapped, angles.Sine, One);
        return (isWhole ? turned : cat([turned, vectors.narrow(3, width, vectors.shape[3] - width)], 3)).MoveToOuterDisposeScope();
    }

    private int Regime(int length) => parameters.Scaling?.Regime(length) ?? 0;

    // A model of 131,072 positions is mostly used for short texts: the tables grow to the power of two that holds the longest so far.
    private RotaryTable Tabulate(int length, int positions)
    {
        var frequencies = parameters.Frequencies(headDimension, length);
        var half = frequencies.Length;
        var rows = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(positions, FewestPositions));
        var table = new RotaryTable(new float[rows * half], new float[rows * half], half, isInterleaved);
        for (var position = 0; position < rows; position++)
            for (var index = 0; index < half; index++)
            {
                // Angles in double: at position 100,000 a float angle is wrong in the third digit.
                var (sin, cos) = Math.SinCos(position * frequencies[index]);
                table.Cosines[position * half + index] = (float)(cos * parameters.Factor);
                table.Sines[position * half + index] = (float)(sin * parameters.Factor);
            }
        return table;
    }

    private (Tensor Cosine, Tensor Sine) Tensors(int length, int positions)
    {
        var regime = Regime(length);
        if (tensors.TryGetValue(regime, out var made) && made.Cosine.shape[0] >= positions)
            return made;
        if (tensors.Count == MostRegimes)
            Dispose();
        if (tensors.Remove(regime, out var old))
        {
            old.Cosine.Dispose();
            old.Sine.Dispose();
        }
        using var scope = NewDisposeScope();
        var table = Tabulate(length, positions);
        long[] shape = [table.Cosines.Length / table.Half, table.Half];
        var (cosine, sine) = (tensor(table.Cosines, shape, device: device), tensor(table.Sines, shape, device: device));
        var (both, signed) = isInterleaved
            ? (stack([cosine, cosine], 2).flatten(1), stack([sine.neg(), sine], 2).flatten(1))
            : (cat([cosine, cosine], 1), cat([sine.neg(), sine], 1));
        return tensors[regime] = (both.DetachFromDisposeScope(), signed.DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (cosine, sine) in tensors.Values)
        {
            cosine.Dispose();
            sine.Dispose();
        }
        tensors.Clear();
    }
}
