using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Rotary positions and attention of a few new tokens over what their rows have in a cache, or in caches of their own: the turned
/// keys and the values go straight to their slots, and nothing is copied, repeated or masked on the way.</summary>
internal static unsafe class CachedAttention
{
    private const int MostTokens = StoredProduct.MostRows;

    // To wait for another thread takes longer than fewer multiplications than these.
    private const long PartWork = 1 << 15;

    /// <summary>Whether a block is of this kind.</summary>
    public static bool Covers(ModelConfig config, TokenBlock block) =>
        (block.Caches.Count > 0 ? block.TokenCount : block.Cache is null ? int.MaxValue : block.RowCount * block.Length) <= MostTokens
        && block.Tokens.device_type == TorchSharp.DeviceType.CPU
        && config.HeadDimension % Numbers.Lanes == 0 && config.ScoreCap is null && config.QueryStretch is null && !is_grad_enabled();

    /// <summary>Adds keys and values to the caches and mixes.</summary>
    /// <param name="query">[tokens, heads x dimension], F32 on the CPU.</param>
    /// <param name="key">[tokens, key heads x dimension].</param>
    /// <param name="value">The same shape.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="block">The rows.</param>
    /// <param name="layer">What the layer asks for.</param>
    /// <param name="team">Shares rows and heads; null where one thread does all.</param>
    /// <returns>[tokens, heads x dimension]; the caller owns it.</returns>
    public static Tensor Apply(
        Tensor query, Tensor key, Tensor value, ModelConfig config, TokenBlock block, AttentionLayer layer, CoreTeam? team = null)
    {
        using var queries = query.contiguous();
        using var keys = key.contiguous();
        using var values = value.contiguous();
        var mixed = empty_like(queries);
        var work = new Work(
            config, block, block.VisibleSlots(layer.Window), Address(queries), Address(keys), Address(values), Address(mixed));
        var rows = RowsOf(block, config, layer);
        var tasks = rows.Length * config.KeyValueHeadCount;
        var size = rows.Select((row, index) => block.LengthOf(index) * (long)(row.Used + block.LengthOf(index))).Sum()
            * config.HeadCount * config.HeadDimension / tasks;
        if (team is null)
            Part(0, tasks);
        else
            team.Run(tasks, (int)(1 + (PartWork / (1 + size))), Part);
        return mixed;

        void Part(int first, int end)
        {
            for (var task = first; task < end; task++)
                work.Attend(rows, task / config.KeyValueHeadCount, task % config.KeyValueHeadCount);
        }
    }

    // Room in each row's slots, and what turns its vectors: made before threads share the rest.
    private static Row[] RowsOf(TokenBlock block, ModelConfig config, AttentionLayer layer)
    {
        var (keyHeads, dimension) = (config.KeyValueHeadCount, config.HeadDimension);
        var rows = new Row[block.RowCount];
        for (var row = 0; row < rows.Length; row++)
        {
            var isOwn = block.Caches.Count > 0;
            var cache = isOwn ? block.Caches[row] : block.Cache!;
            var (slots, keys, values) = cache.Reserve(layer.Index, keyHeads, dimension, block.LengthOf(row));
            var start = isOwn ? 0 : row * keyHeads * slots * dimension;
            rows[row] = new Row(
                (nint)(Address(keys) + start), (nint)(Address(values) + start), slots, cache.SlotCount,
                layer.Rotary?.Table(block.RowLengths[row]) ?? RotaryTable.None);
        }
        return rows;
    }

    private static float* Address(Tensor tensor) =>
        (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* query, float* keys, float* values, int[] seen, int dimension, float* scores, float* to)
    {
        var highest = float.NegativeInfinity;
        for (var index = 0; index < seen.Length; index++)
        {
            var key = keys + ((long)seen[index] * dimension);
            var sum = Vector512<float>.Zero;
            for (var at = 0; at < dimension; at += Numbers.Lanes)
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(query + at), Vector512.Load(key + at), sum);
            scores[index] = Vector512.Sum(sum);
            highest = MathF.Max(highest, scores[index]);
        }
        var total = Vector512<float>.Zero;
        for (var index = 0; index < seen.Length; index += Numbers.Lanes)
        {
            // What lies behind the last is as good as minus infinity.
            for (var behind = seen.Length; behind < index + Numbers.Lanes; behind++)
                scores[behind] = -1e30f;
            var weight = Numbers.Exp(Vector512.Load(scores + index) - Vector512.Create(highest));
            weight.Store(scores + index);
            total += weight;
        }
        var share = Vector512.Create(1 / Vector512.Sum(total));
        for (var at = 0; at < dimension; at += Numbers.Lanes)
        {
            var (even, odd) = (Vector512<float>.Zero, Vector512<float>.Zero);
            var index = 0;
            for (; index + 1 < seen.Length; index += 2)
            {
                even = Vector512.FusedMultiplyAdd(
                    Vector512.Create(scores[index]), Vector512.Load(values + ((long)seen[index] * dimension) + at), even);
                odd = Vector512.FusedMultiplyAdd(
                    Vector512.Create(scores[index + 1]), Vector512.Load(values + ((long)seen[index + 1] * dimension) + at), odd);
            }
            if (index < seen.Length)
                even = Vector512.FusedMultiplyAdd(
                    Vector512.Create(scores[index]), Vector512.Load(values + ((long)seen[index] * dimension) + at), even);
            ((even + odd) * share).Store(to + at);
        }
    }

    /// <param name="Keys">The row's slots of keys, [key heads, slots, dimension].</param>
    /// <param name="Values">The same of values.</param>
    /// <param name="Slots">The slots of a head.</param>
    /// <param name="Used">Those that are filled.</param>
    /// <param name="Table">Turns queries and keys.</param>
    private readonly record struct Row(nint Keys, nint Values, long Slots, int Used, RotaryTable Table);

    private sealed class Work(
        ModelConfig config, TokenBlock block, int[][][] visible, float* queries, float* keys, float* values, float* mixed)
    {
        public void Attend(Row[] rows, int index, int head)
        {
            var row = rows[index];
            var (keyHeads, dimension, length) = (config.KeyValueHeadCount, config.HeadDimension, block.LengthOf(index));
            var group = config.HeadCount / keyHeads;
            var first = block.Starts[index];
            var start = head * row.Slots * dimension;
            float* rowKeys = (float*)row.Keys + start, rowValues = (float*)row.Values + start;
            for (var at = 0; at < length; at++)
            {
                var from = (((long)first + at) * keyHeads + head) * dimension;
                var to = (long)(row.Used + at) * dimension;
                row.Table.Turn(
                    new ReadOnlySpan<float>(keys + from, dimension), new Span<float>(rowKeys + to, dimension),
                    block.PositionOf(index, at), 1, 1);
                new ReadOnlySpan<float>(values + from, dimension).CopyTo(new Span<float>(rowValues + to, dimension));
            }
            Span<float> turned = stackalloc float[dimension];
            var weights = ArrayPool<float>.Shared.Rent(row.Used + length + Numbers.Lanes);
            fixed (float* own = turned, scores = weights)
                for (var at = 0; at < length; at++)
                    for (var member = 0; member < group; member++)
                    {
                        var place = (((long)first + at) * config.HeadCount + (head * group) + member) * dimension;
                        row.Table.Turn(
                            new ReadOnlySpan<float>(queries + place, dimension), turned, block.PositionOf(index, at),
                            (float)config.ScoreFactor, 1);
                        Mix(own, rowKeys, rowValues, visible[index][at], dimension, scores, mixed + place);
                    }
            ArrayPool<float>.Shared.Return(weights);
        }
    }
}
