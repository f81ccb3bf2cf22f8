using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Kalm.Language.Model.Kernels;

/// <summary>One thread's room for the attention of one head over one row: vectors padded to whole lanes, keys and values also
/// column by column, so that the scores of sixteen keys are one vector.</summary>
internal sealed class AttentionScratch
{
    private const int Lanes = Numbers.Lanes;

    [ThreadStatic]
    private static AttentionScratch? mine;

    private float[] query = [], key = [], value = [], gradient = [], keyColumns = [], valueColumns = [];
    private float[] toQuery = [], toKey = [], toValue = [], weights = [], changes = [];
    private int length, dimension, width, height;

    /// <summary>The calling thread's.</summary>
    public static AttentionScratch Mine => mine ??= new AttentionScratch();

    /// <summary>Mixes the values of one row.</summary>
    /// <param name="plan">The layout.</param>
    /// <param name="row">The row.</param>
    /// <param name="from">Queries, keys and values of the block.</param>
    /// <param name="result">Where the mixed values go.</param>
    /// <param name="sums">Where the logarithms of the weights' sums go, [tokens, heads].</param>
    public void Forward(AttentionPlan plan, int row, RowVectors from, Span<float> result, Span<float> sums)
    {
        Resize(plan, row);
        var start = plan.Starts[row];
        for (var head = 0; head < plan.Heads; head++)
        {
            if (head % Group(plan) == 0)
                TakeKeys(plan, row, head / Group(plan), from, withGradient: false);
            TakeTurned(plan, row, from.Query, plan.Heads, head, query, Scale(plan));
            for (var at = 0; at < length; at++)
            {
                var sight = plan.Sights[row][at];
                var count = Products(query, keyColumns, at, sight, weights);
                sums[(start + at) * plan.Heads + head] = SoftMax(weights, count);
                Mix(at, sight, result.Slice(((start + at) * plan.Heads + head) * dimension, dimension));
            }
        }
    }

    /// <summary>Adds the gradients of one row's queries, keys and values.</summary>
    /// <param name="plan">The layout.</param>
    /// <param name="row">The row.</param>
    /// <param name="from">Queries, keys and values of the block.</param>
    /// <param name="given">The gradient of the mixed values.</param>
    /// <param name="sums">From <see cref="Forward"/>.</param>
    /// <param name="to">Where the gradients go.</param>
    public void Backward(AttentionPlan plan, int row, RowVectors from, ReadOnlySpan<float> given, ReadOnlySpan<float> sums, RowVectors to)
    {
        Resize(plan, row);
        var start = plan.Starts[row];
        for (var head = 0; head < plan.Heads; head++)
        {
            if (head % Group(plan) == 0)
            {
                TakeKeys(plan, row, head / Group(plan), from, withGradient: true);
                toKey.AsSpan(0, length * width).Clear();
                toValue.AsSpan(0, length * width).Clear();
            }
            TakeTurned(plan, row, from.Query, plan.Heads, head, query, Scale(plan));
            Take(plan, row, given, plan.Heads, head, gradient);
            toQuery.AsSpan(0, length * width).Clear();
            for (var at = 0; at < length; at++)
            {
                var sight = plan.Sights[row][at];
                var count = Products(query, keyColumns, at, sight, weights);
                Products(gradient, valueColumns, at, sight, changes);
                Slopes(count, sums[(start + at) * plan.Heads + head]);
                Spread(at, sight);
            }
            GiveTurned(plan, row, toQuery, to.Query, plan.Heads, head, Scale(plan));
            if ((head + 1) % Group(plan) == 0)
            {
                GiveTurned(plan, row, toKey, to.Key, plan.KeyHeads, head / Group(plan), 1);
                for (var at = 0; at < length; at++)
                    toValue.AsSpan(at * width, dimension).CopyTo(to.Value.Slice(((start + at) * plan.KeyHeads + head / Group(plan)) * dimension, dimension));
            }
        }
    }

    private static int Group(AttentionPlan plan) => plan.Heads / plan.KeyHeads;

    private static float Scale(AttentionPlan plan) => 1 / MathF.Sqrt(plan.Dimension);

    private void Resize(AttentionPlan plan, int row)
    {
        (length, dimension, width) = (plan.Rows[row].Length, plan.Dimension, Numbers.Padded(plan.Dimension));
        // A vector of scores may begin at any key, so a column has room for one more.
        height = Numbers.Padded(length) + Lanes;
        if (query.Length < length * width || keyColumns.Length < height * width)
        {
            query = new float[length * width];
            (key, value, gradient) = (new float[length * width], new float[length * width], new float[length * width]);
            (toQuery, toKey, toValue) = (new float[length * width], new float[length * width], new float[length * width]);
            (keyColumns, valueColumns) = (new float[height * width], new float[height * width]);
        }
        if (weights.Length < 2 * height)
            (weights, changes) = (new float[2 * height], new float[2 * height]);
    }

    private void TakeKeys(AttentionPlan plan, int row, int head, RowVectors from, bool withGradient)
    {
        TakeTurned(plan, row, from.Key, plan.KeyHeads, head, key, 1);
        Take(plan, row, from.Value, plan.KeyHeads, head, value);
        Transpose(key, keyColumns);
        if (withGradient)
            Transpose(value, valueColumns);
    }

    private void Transpose(float[] rows, float[] columns)
    {
        for (var at = 0; at < length; at++)
            for (var index = 0; index < dimension; index++)
                columns[index * height + at] = rows[at * width + index];
    }

    private void TakeTurned(AttentionPlan plan, int row, ReadOnlySpan<float> from, int heads, int head, float[] to, float factor)
    {
        for (var at = 0; at < length; at++)
        {
            plan.Angles.Turn(
                from.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension), to.AsSpan(at * width, dimension), plan.Rows[row].Positions[at], factor, 1);
            to.AsSpan(at * width + dimension, width - dimension).Clear();
        }
    }

    private void Take(AttentionPlan plan, int row, ReadOnlySpan<float> from, int heads, int head, float[] to)
    {
        for (var at = 0; at < length; at++)
        {
            from.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension).CopyTo(to.AsSpan(at * width));
            to.AsSpan(at * width + dimension, width - dimension).Clear();
        }
    }

    private void GiveTurned(AttentionPlan plan, int row, float[] from, Span<float> to, int heads, int head, float factor)
    {
        for (var at = 0; at < length; at++)
            plan.Angles.Turn(
                from.AsSpan(at * width, dimension), to.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension), plan.Rows[row].Positions[at], factor, -1);
    }

    /// <summary>The inner products of one token's vector with those that it sees, end to end; returns their number.</summary>
    private int Products(float[] vectors, float[] columns, int at, Sight sight, float[] products)
    {
        Products(vectors, columns, at, sight.Start, sight.End, products, 0);
        Products(vectors, columns, at, sight.BranchStart, at + 1, products, sight.End - sight.Start);
        return sight.End - sight.Start + at + 1 - sight.BranchStart;
    }

    private void Products(float[] vectors, float[] columns, int at, int start, int end, float[] products, int place)
    {
        ref var vector = ref vectors[at * width];
        ref var first = ref MemoryMarshal.GetArrayDataReference(columns);
        for (; start < end; start += Lanes, place += Lanes)
        {
            var (even, odd) = (Vector512<float>.Zero, Vector512<float>.Zero);
            for (var index = 0; index < dimension; index += 2)
            {
                even = Vector512.FusedMultiplyAdd(
                    Vector512.Create(Unsafe.Add(ref vector, index)), Vector512.LoadUnsafe(ref first, (nuint)(index * height + start)), even);
                odd = Vector512.FusedMultiplyAdd(
                    Vector512.Create(Unsafe.Add(ref vector, index + 1)), Vector512.LoadUnsafe(ref first, (nuint)((index + 1) * height + start)), odd);
            }
            (even + odd).StoreUnsafe(ref products[place]);
        }
    }

    /// <summary>Makes weights of scores, zero behind the last; returns the logarithm of the sum of their exponentials.</summary>
    private static float SoftMax(float[] scores, int count)
    {
        scores.AsSpan(count, Numbers.Padded(count) - count).Fill(float.NegativeInfinity);
        ref var first = ref MemoryMarshal.GetArrayDataReference(scores);
        var highest = Vector512.Create(float.NegativeInfinity);
        for (var place = 0; place < count; place += Lanes)
            highest = Vector512.Max(highest, Vector512.LoadUnsafe(ref first, (nuint)place));
        var largest = float.NegativeInfinity;
        for (var lane = 0; lane < Lanes; lane++)
            largest = MathF.Max(largest, highest[lane]);
        var sums = Vector512<float>.Zero;
        for (var place = 0; place < count; place += Lanes)
        {
            var weight = Numbers.Exp(Vector512.LoadUnsafe(ref first, (nuint)place) - Vector512.Create(largest));
            weight.StoreUnsafe(ref first, (nuint)place);
            sums += weight;
        }
        var sum = Vector512.Sum(sums);
        for (var place = 0; place < count; place += Lanes)
            (Vector512.LoadUnsafe(ref first, (nuint)place) / sum).StoreUnsafe(ref first, (nuint)place);
        return largest + MathF.Log(sum);
    }

    private void Mix(int at, Sight sight, Span<float> result)
    {
        Span<float> lanes = stackalloc float[Lanes];
        ref var first = ref MemoryMarshal.GetArrayDataReference(value);
        for (var part = 0; part < dimension; part += Lanes)
        {
            var sum = Vector512<float>.Zero;
            var place = 0;
            for (var seen = sight.Start; seen < sight.End; seen++)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[place++]), Vector512.LoadUnsafe(ref first, (nuint)(seen * width + part)), sum);
            for (var seen = sight.BranchStart; seen <= at; seen++)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[place++]), Vector512.LoadUnsafe(ref first, (nuint)(seen * width + part)), sum);
            if (part + Lanes <= dimension)
            {
                sum.StoreUnsafe(ref result[part]);
            }
            else
            {
                sum.CopyTo(lanes);
                lanes[..(dimension - part)].CopyTo(result[part..]);
            }
        }
    }

    /// <summary>Turns scores into weights p, and the gradients d of the weights into those of the scores, p (d - sum(p d)).</summary>
    private void Slopes(int count, float sum)
    {
        weights.AsSpan(count, Numbers.Padded(count) - count).Fill(float.NegativeInfinity);
        changes.AsSpan(count, Numbers.Padded(count) - count).Clear();
        ref var weight0 = ref MemoryMarshal.GetArrayDataReference(weights);
        ref var change0 = ref MemoryMarshal.GetArrayDataReference(changes);
        var total = Vector512<float>.Zero;
        for (var place = 0; place < count; place += Lanes)
        {
            var weight = Numbers.Exp(Vector512.LoadUnsafe(ref weight0, (nuint)place) - Vector512.Create(sum));
            weight.StoreUnsafe(ref weight0, (nuint)place);
            total = Vector512.FusedMultiplyAdd(weight, Vector512.LoadUnsafe(ref change0, (nuint)place), total);
        }
        var mean = Vector512.Create(Vector512.Sum(total));
        for (var place = 0; place < count; place += Lanes)
            (Vector512.LoadUnsafe(ref weight0, (nuint)place) * (Vector512.LoadUnsafe(ref change0, (nuint)place) - mean)).StoreUnsafe(ref change0, (nuint)place);
    }

    /// <summary>Adds one token's part to the gradients of its query and of the keys and values that it sees.</summary>
    private void Spread(int at, Sight sight)
    {
        for (var part = 0; part < width; part += Lanes)
        {
            var (asks, given, sum) = (Vector512.LoadUnsafe(ref query[at * width + part]), Vector512.LoadUnsafe(ref gradient[at * width + part]), Vector512<float>.Zero);
            var place = 0;
            for (var seen = sight.Start; seen < sight.End; seen++)
                sum = SpreadOne(seen * width + part, place++, asks, given, sum);
            for (var seen = sight.BranchStart; seen <= at; seen++)
                sum = SpreadOne(seen * width + part, place++, asks, given, sum);
            sum.StoreUnsafe(ref toQuery[at * width + part]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> SpreadOne(int to, int place, Vector512<float> asks, Vector512<float> given, Vector512<float> sum)
    {
        var change = Vector512.Create(changes[place]);
        ref var toKey0 = ref toKey[to];
        ref var toValue0 = ref toValue[to];
        Vector512.FusedMultiplyAdd(change, asks, Vector512.LoadUnsafe(ref toKey0)).StoreUnsafe(ref toKey0);
        Vector512.FusedMultiplyAdd(Vector512.Create(weights[place]), given, Vector512.LoadUnsafe(ref toValue0)).StoreUnsafe(ref toValue0);
        return Vector512.FusedMultiplyAdd(change, Vector512.LoadUnsafe(ref key[to]), sum);
    }
}
