using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kalm.Evaluation;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>What became of an entity's vector.</summary>
/// <param name="Entity">Its number.</param>
/// <param name="Vector">Its vector from now on; null for the graph's own, and for one that is gone.</param>
/// <param name="IsHidden">Whether it is gone.</param>
public readonly record struct VectorRow(int Entity, float[]? Vector, bool IsHidden);

/// <summary>A vector of unit length for every entity: those of the graph in a memory-mapped file, which the system loads and drops as it
/// likes, those that took the place of some of them in memory, and those added since behind them. Tensors are for the model's thread
/// alone; <see cref="Row"/> and <see cref="IsHidden"/> are for every thread. Owns map and tensors.</summary>
public sealed class EntityVectors : IDisposable
{
    private const int FewestAdded = 16;
    private readonly SafetensorsFile file;
    private readonly TensorEntry entry;
    private readonly Tensor graphVectors;
    private Tensor? addedVectors;
    private readonly float[] nothing;
    private float[][] added = [];
    private ImmutableSortedDictionary<int, float[]> replaced = ImmutableSortedDictionary<int, float[]>.Empty;
    private Tensor? replacedVectors;
    private int[] replacedRows = [];
    private int[] hidden = [];

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
        (GraphCount, Width, nothing) = (rows, width, new float[width]);
    }

    /// <summary>The number of the graph's own entities.</summary>
    public int GraphCount { get; }

    /// <summary>The number of vectors.</summary>
    public int Count => GraphCount + Volatile.Read(ref added).Length;

    /// <summary>The number of values in a vector.</summary>
    public int Width { get; }

    /// <summary>What finds the nearest without looking at all; null for exact searches. Owned.</summary>
    public NearestNeighbours? Neighbours { get; internal set; }

    /// <summary>The graph's entities whose vector is another than in the file, ascending.</summary>
    internal IReadOnlyCollection<int> ReplacedRows => replacedRows;

    /// <summary>The entities that are gone, ascending.</summary>
    internal IReadOnlyCollection<int> HiddenRows => Volatile.Read(ref hidden);

    /// <summary>Some vectors as they lie, for the model's thread.</summary>
    /// <param name="start">The first.</param>
    /// <param name="most">At most so many.</param>
    /// <returns>[count, width], a view; the caller disposes it.</returns>
    public Tensor Block(int start, int most) => start < GraphCount
        ? graphVectors.narrow(0, start, Math.Min(most, GraphCount - start))
        : addedVectors!.narrow(0, start - GraphCount, Math.Min(most, Count - start));

    /// <summary>The vector of one entity.</summary>
    public ReadOnlySpan<float> Row(int entity) => entity >= GraphCount ? Volatile.Read(ref added)[entity - GraphCount]
        : Volatile.Read(ref replaced).TryGetValue(entity, out var vector) ? vector
        : MemoryMarshal.Cast<byte, float>(file.Bytes(entry, (long)entity * Width * sizeof(float), Width * sizeof(float)));

    /// <summary>Whether an entity is gone, and so never a candidate.</summary>
    public bool IsHidden(int entity) => Array.BinarySearch(Volatile.Read(ref hidden), entity) >= 0;

    /// <summary>The cosines of queries with some entities, for the model's thread.</summary>
    /// <param name="queries">[queries, width], unit length.</param>
    /// <param name="start">The first entity.</param>
    /// <param name="most">At most so many.</param>
    /// <returns>[queries, entities], minus infinity for those that are hidden; the caller disposes it.</returns>
    /// <exception cref="KalmException">A cosine is not finite.</exception>
    public Tensor Cosines(Tensor queries, int start, int most)
    {
        using var scope = NewDisposeScope();
        var cosines = queries.mm(Block(start, most).t());
        var count = (int)cosines.shape[1];
        if (Within(replacedRows, start, count) is { Count: > 0 } rows)
            cosines.index_copy_(
                1, Columns(rows, start, cosines.device), queries.mm(replacedVectors!.narrow(0, rows.Offset, rows.Count).t()));
        Encoder.RequireFinite(cosines);
        using var never = float.NegativeInfinity.ToScalar();
        if (Within(hidden, start, count) is { Count: > 0 } gone)
            cosines.index_fill_(1, Columns(gone, start, cosines.device), never);
        return cosines.MoveToOuterDisposeScope();
    }

    /// <summary>Takes in what became of entities, on the model's thread.</summary>
    /// <param name="rows">Of each entity its last state; the numbers behind the last known one are new.</param>
    public void Take(IReadOnlyList<VectorRow> rows)
    {
        if (rows.Count == 0)
            return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var grown = new float[Math.Max(added.Length, rows.Max(row => row.Entity) + 1 - GraphCount)][];
        Array.Fill(grown, nothing, added.Length, grown.Length - added.Length);
        added.CopyTo(grown, 0);
        Reserve(grown.Length);
        var (changed, gone) = (replaced.ToBuilder(), new SortedSet<int>(hidden));
        foreach (var row in rows)
        {
            if (row.Entity >= GraphCount)
            {
                grown[row.Entity - GraphCount] = row.Vector ?? nothing;
                addedVectors![row.Entity - GraphCount].copy_(tensor(row.Vector ?? nothing));
            }
            else if (row.Vector is null)
                changed.Remove(row.Entity);
            else
                changed[row.Entity] = row.Vector;
            if (row.IsHidden)
                gone.Add(row.Entity);
            else
                gone.Remove(row.Entity);
        }
        if (rows.Any(row => row.Entity < GraphCount))
            Replace(changed.ToImmutable());
        Volatile.Write(ref added, grown);
        Volatile.Write(ref hidden, [.. gone]);
    }

    private void Reserve(int count)
    {
        if (count == 0 || (addedVectors is not null && addedVectors.shape[0] >= count))
            return;
        var grown = zeros([Math.Max(FewestAdded, 2L * count), Width], ScalarType.Float32, graphVectors.device);
        if (addedVectors is not null)
            grown.narrow(0, 0, added.Length).copy_(addedVectors.narrow(0, 0, added.Length));
        addedVectors?.Dispose();
        addedVectors = grown.DetachFromDisposeScope();
    }

    private void Replace(ImmutableSortedDictionary<int, float[]> changed)
    {
        replacedVectors?.Dispose();
        replacedRows = [.. changed.Keys];
        replacedVectors = changed.Count == 0 ? null : tensor(changed.Values.SelectMany(vector => vector).ToArray())
            .view(changed.Count, Width).to(graphVectors.device).DetachFromDisposeScope();
        Volatile.Write(ref replaced, changed);
    }

    /// <summary>Those of some ascending numbers that lie in a range.</summary>
    internal static ArraySegment<int> Within(int[] numbers, int start, int count)
    {
        return new ArraySegment<int>(numbers, Place(start), Place(start + count) - Place(start));

        int Place(int number)
        {
            var at = Array.BinarySearch(numbers, number);
            return at < 0 ? ~at : at;
        }
    }

    private static Tensor Columns(ArraySegment<int> entities, int start, Device device) =>
        tensor(entities.Select(entity => (long)(entity - start)).ToArray(), device: device);

    /// <summary>The product of two vectors, which is their cosine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        replacedVectors?.Dispose();
        Neighbours?.Dispose();
        file.Dispose();
    }
}
