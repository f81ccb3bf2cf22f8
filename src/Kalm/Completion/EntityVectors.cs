using System.Numerics;
using System.Runtime.InteropServices;
using Kalm.Evaluation;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>A vector of unit length for every entity: those of the graph in a memory-mapped file, which the system loads and drops as it
/// likes, and those added since behind them. Tensors are for the model's thread alone; <see cref="Row"/> is for every thread. Owns map and
/// tensors.</summary>
public sealed class EntityVectors : IDisposable
{
    private const int FewestAdded = 16;
    private readonly SafetensorsFile file;
    private readonly TensorEntry entry;
    private readonly Tensor graphVectors;
    private Tensor? addedVectors;
    private float[][] added = [];

    /// <summary>Opens the vectors of a graph.</summary>
    /// <param name="path">As <see cref="EmbeddingExport"/> writes it.</param>
    /// <param name="rows">The number of entities.</param>
    /// <param name="width">The number of values in a vector.</param>
    /// <param name="device">Where the model computes; on a GPU the vectors are copied there.</param>
    /// <exception cref="KalmException">The file is not sound or holds something else.</exception>
    public EntityVectors(string path, int rows, int width, Device device)
    {
        file = SafetensorsFile.Open(path);
        try
        {
            entry = file.Find(EmbeddingExport.TensorName);
            if (entry.Type != TensorType.F32 || !entry.Shape.SequenceEqual([rows, width]))
                throw new KalmException(
                    $"{path}: found {entry.Type} {TensorEntry.Describe(entry.Shape)}; expected F32 {TensorEntry.Describe([rows, width])}");
            var start = file.DataStart + entry.Begin;
            if (start % sizeof(float) != 0)
                throw new KalmException($"{path}: the vectors begin at byte {start}; expected a multiple of {sizeof(float)}");
            using var scope = NewDisposeScope();
            var map = from_file(path, shared: false, size: (start + entry.ByteCount) / sizeof(float), dtype: ScalarType.Float32);
            graphVectors = map.narrow(0, start / sizeof(float), entry.ElementCount).view(rows, width).to(device).DetachFromDisposeScope();
        }
        catch
        {
            file.Dispose();
            throw;
        }
        (GraphCount, Width) = (rows, width);
    }

    /// <summary>The number of the graph's own entities.</summary>
    public int GraphCount { get; }

    /// <summary>The number of vectors.</summary>
    public int Count => GraphCount + Volatile.Read(ref added).Length;

    /// <summary>The number of values in a vector.</summary>
    public int Width { get; }

    /// <summary>Some vectors as they lie, for the model's thread.</summary>
    /// <param name="start">The first.</param>
    /// <param name="most">At most so many.</param>
    /// <returns>[count, width], a view; the caller disposes it.</returns>
    public Tensor Block(int start, int most) => start < GraphCount
        ? graphVectors.narrow(0, start, Math.Min(most, GraphCount - start))
        : addedVectors!.narrow(0, start - GraphCount, Math.Min(most, Count - start));

    /// <summary>The vector of one entity.</summary>
    public ReadOnlySpan<float> Row(int entity) => entity < GraphCount
        ? MemoryMarshal.Cast<byte, float>(file.Bytes(entry, (long)entity * Width * sizeof(float), Width * sizeof(float)))
        : Volatile.Read(ref added)[entity - GraphCount];

    /// <summary>Adds vectors behind the others, on the model's thread.</summary>
    public void Add(IReadOnlyList<float[]> vectors)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var count = added.Length + vectors.Count;
        if (addedVectors is null || addedVectors.shape[0] < count)
        {
            var grown = zeros([Math.Max(FewestAdded, 2L * count), Width], ScalarType.Float32, graphVectors.device);
            if (addedVectors is not null)
                grown.narrow(0, 0, added.Length).copy_(addedVectors.narrow(0, 0, added.Length));
            addedVectors?.Dispose();
            addedVectors = grown.DetachFromDisposeScope();
        }
        foreach (var (index, vector) in vectors.Index())
            addedVectors[added.Length + index].copy_(tensor(vector));
        Volatile.Write(ref added, [.. added, .. vectors]);
    }

    /// <summary>The product of two vectors, which is their cosine.</summary>
    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sums = Vector<float>.Zero;
        var at = 0;
        for (; at <= left.Length - Vector<float>.Count; at += Vector<float>.Count)
            sums += new Vector<float>(left[at..]) * new Vector<float>(right[at..]);
        var sum = Vector.Sum(sums);
        for (; at < left.Length; at++)
            sum += left[at] * right[at];
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        graphVectors.Dispose();
        addedVectors?.Dispose();
        file.Dispose();
    }
}
