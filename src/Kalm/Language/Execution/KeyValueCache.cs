using System.Diagnostics.CodeAnalysis;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>The turned keys and the values of the tokens that some rows have fed so far, so that what follows them costs its own tokens
/// only. Every row has the same number of slots; where a row was shorter than its company a slot is empty. Owns its tensors.</summary>
public sealed class KeyValueCache : IDisposable
{
    private const int FewestSlots = 64;
    private const int Empty = -1;
    private readonly ModelConfig config;
    private readonly Device device;
    private readonly Tensor?[] keys;
    private readonly Tensor?[] values;
    private int[][] positions;

    /// <summary>An empty cache.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="device">Where the tensors live.</param>
    public KeyValueCache(ModelConfig config, int rows, Device device)
    {
        (this.config, this.device) = (config, device);
        keys = new Tensor?[config.LayerCount];
        values = new Tensor?[config.LayerCount];
        positions = [.. Enumerable.Range(0, rows).Select(_ => Array.Empty<int>())];
    }

    /// <summary>The number of rows.</summary>
    public int RowCount => positions.Length;

    /// <summary>The slots in use.</summary>
    public int SlotCount { get; private set; }

    /// <summary>The number of tokens of a row, which is the position of its next one.</summary>
    public int LengthOf(int row) => positions[row].Count(position => position != Empty);

    /// <summary>The position of each slot of a row; -1 where it is empty.</summary>
    public ReadOnlySpan<int> PositionsOf(int row) => positions[row];

    /// <summary>Whether a row was ever shorter than its company.</summary>
    public bool HasEmptySlot(int row) => positions[row].Contains(Empty);

    /// <summary>Whether a slot holds nothing.</summary>
    public static bool IsEmpty(int position) => position == Empty;

    /// <summary>Some rows as a cache of their own, in the order given; a row may be asked for more than once.</summary>
    /// <returns>A copy; the caller owns it.</returns>
    public KeyValueCache Select(IReadOnlyList<int> rows)
    {
        var chosen = new KeyValueCache(config, rows.Count, device)
        {
            positions = [.. rows.Select(row => positions[row])], SlotCount = SlotCount,
        };
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var index = tensor(rows.Select(row => (long)row).ToArray(), device: device);
        for (var layer = 0; layer < keys.Length; layer++)
        {
            chosen.keys[layer] = keys[layer]?.index_select(0, index).DetachFromDisposeScope();
            chosen.values[layer] = values[layer]?.index_select(0, index).DetachFromDisposeScope();
        }
        return chosen;
    }

    /// <summary>The first slots of a single row as a cache of its own.</summary>
    /// <param name="slots">How many, at most those in use; none of them empty.</param>
    /// <returns>A copy; the caller owns it.</returns>
    public KeyValueCache First(int slots)
    {
        var first = new KeyValueCache(config, 1, device) { positions = [positions[0][..slots]], SlotCount = slots };
        using var noGradient = no_grad();
        for (var layer = 0; layer < keys.Length; layer++)
        {
            first.keys[layer] = keys[layer] is { } key ? Grown(key, slots, slots) : null;
            first.values[layer] = values[layer] is { } value ? Grown(value, slots, slots) : null;
        }
        return first;
    }

    /// <summary>Forgets a single row's slots behind the first ones.</summary>
    /// <param name="slots">How many stay.</param>
    public void CutTo(int slots) => (positions[0], SlotCount) = (positions[0][..slots], slots);

    /// <summary>The memory that keys and values take, room for more included.</summary>
    public long Bytes => keys.Concat(values).Sum(tensor => tensor is null ? 0 : tensor.numel() * tensor.element_size());

    /// <summary>Adds one layer's keys and values behind the slots in use.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="key">[rows, key-value heads, length, head dimension], turned.</param>
    /// <param name="value">The same shape.</param>
    /// <returns>Keys and values of all slots, the new ones last: views, owned by the current scope.</returns>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value) =>
        (Append(ref keys[layer], key), Append(ref values[layer], value));

    /// <summary>Makes room for one layer's keys and values behind the slots in use, for the caller to fill.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="heads">Key-value heads.</param>
    /// <param name="dimension">Numbers of a head.</param>
    /// <param name="length">How many slots are wanted.</param>
    /// <returns>The slots of a head, and keys and values, [rows, key-value heads, slots, head dimension]; owned by the cache.</returns>
    internal (long Slots, Tensor Keys, Tensor Values) Reserve(int layer, long heads, long dimension, int length)
    {
        long[] shape = [RowCount, heads, length, dimension];
        Reserve(ref keys[layer], shape, ScalarType.Float32);
        Reserve(ref values[layer], shape, ScalarType.Float32);
        return (keys[layer]!.shape[2], keys[layer]!, values[layer]!);
    }

    /// <summary>Counts the slots that every layer has added.</summary>
    /// <param name="rows">What was fed.</param>
    internal void Advance(IReadOnlyList<TokenRow> rows)
    {
        var length = rows.Max(row => row.Length);
        for (var row = 0; row < positions.Length; row++)
            positions[row] = [.. positions[row], .. rows[row].Positions, .. Enumerable.Repeat(Empty, length - rows[row].Length)];
        SlotCount += length;
    }

    private void Reserve([NotNull] ref Tensor? buffer, long[] shape, ScalarType type)
    {
        var needed = SlotCount + shape[2];
        if (buffer is null)
            buffer = zeros([shape[0], shape[1], RoomFor(needed), shape[3]], type, device).DetachFromDisposeScope();
        else if (buffer.shape[2] < needed)
        {
            using var old = buffer;
            buffer = Grown(old, SlotCount, needed);
        }
    }

    private Tensor Append(ref Tensor? buffer, Tensor added)
    {
        Reserve(ref buffer, added.shape, added.dtype);
        var needed = SlotCount + added.shape[2];
        buffer.narrow(2, SlotCount, added.shape[2]).copy_(added);
        return buffer.narrow(2, 0, needed);
    }

    private static long RoomFor(long slots) => Math.Max(FewestSlots, slots * 3 / 2);

    private static Tensor Grown(Tensor old, int used, long slots)
    {
        var shape = old.shape;
        shape[2] = RoomFor(slots);
        var grown = zeros(shape, old.dtype, old.device).DetachFromDisposeScope();
        using var from = old.narrow(2, 0, used);
        using var to = grown.narrow(2, 0, used);
        to.copy_(from);
        return grown;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values))
            tensor?.Dispose();
    }
}
