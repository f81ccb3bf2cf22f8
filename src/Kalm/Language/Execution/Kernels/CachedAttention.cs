using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Rotary positions and attention of a few new tokens over what their rows have in a cache: the turned keys and the values go
/// straight to their slots, and nothing is copied, repeated or masked on the way.</summary>
internal static unsafe class CachedAttention
{
    private const int MostTokens = StoredProduct.MostRows;

    /// <summary>Whether a block is of this kind.</summary>
    public static bool Covers(ModelConfig config, TokenBlock block) =>
        block.Cache is not null && block.RowCount * block.Length <= MostTokens && block.Tokens.device_type == TorchSharp.DeviceType.CPU
        && config.HeadDimension % Numbers.Lanes == 0 && config.ScoreCap is null && config.QueryStretch is null && !is_grad_enabled();

    /// <summary>Adds keys and values to the cache and mixes.</summary>
    /// <param name="query">[rows x length, heads x dimension], F32 on the CPU.</param>
    /// <param name="key">[rows x length, key heads x dimension].</param>
    /// <param name="value">The same shape.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="block">The rows.</param>
    /// <param name="layer">What the layer asks for.</param>
    /// <returns>[rows x length, heads x dimension]; the caller owns it.</returns>
    public static Tensor Apply(
        Tensor query, Tensor key, Tensor value, ModelConfig config, TokenBlock block, AttentionLayer layer)
    {
        using var queries = query.contiguous();
        using var keys = key.contiguous();
        using var values = value.contiguous();
        var mixed = empty_like(queries);
        var (keyHeads, dimension) = (config.KeyValueHeadCount, config.HeadDimension);
        var (slots, keySlots, valueSlots) = block.Cache!.Reserve(layer.Index, keyHeads, dimension, block.Length);
        var group = config.HeadCount / keyHeads;
        var visible = block.VisibleSlots(layer.Window);
        Span<float> turned = stackalloc float[dimension];
        var weights = new float[block.Cache.SlotCount + block.Length + Numbers.Lanes];
        fixed (float* own = turned, scores = weights)
            for (var row = 0; row < block.RowCount; row++)
            {
                var table = layer.Rotary?.Table(block.RowLengths[row]) ?? RotaryTable.None;
                for (var head = 0; head < keyHeads; head++)
                {
                    var start = ((long)row * keyHeads + head) * slots * dimension;
                    float* rowKeys = Address(keySlots) + start, rowValues = Address(valueSlots) + start;
                    for (var at = 0; at < block.Length; at++)
                    {
                        var from = (((row * block.Length) + at) * keyHeads + head) * dimension;
                        var to = (long)(block.Cache.SlotCount + at) * dimension;
                        table.Turn(
                            new ReadOnlySpan<float>(Address(keys) + from, dimension), new Span<float>(rowKeys + to, dimension),
                            block.PositionOf(row, at), 1, 1);
                        new ReadOnlySpan<float>(Address(values) + from, dimension).CopyTo(new Span<float>(rowValues + to, dimension));
                    }
                    for (var at = 0; at < block.Length; at++)
                        for (var member = 0; member < group; member++)
                        {
                            var place = (((row * block.Length) + at) * config.HeadCount + (head * group) + member) * dimension;
                            table.Turn(
                                new ReadOnlySpan<float>(Address(queries) + place, dimension), turned, block.PositionOf(row, at),
                                (float)config.ScoreFactor, 1);
                            Mix(own, rowKeys, rowValues, visible[row][at], dimension, scores, Address(mixed) + place);
                        }
                }
            }
        return mixed;
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
}
