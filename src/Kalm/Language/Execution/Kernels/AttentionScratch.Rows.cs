using System.Runtime.CompilerServices;

namespace Kalm.Language.Execution.Kernels;

/// <summary>The room itself, and how one head's vectors of one row come into it and leave it.</summary>
internal sealed unsafe partial class AttentionScratch
{
    private float[] room = [];
    private float* query, key, value, gradient, keyColumns, valueColumns, toQuery, toKey, toValue, weights, changes;
    private int length, dimension, width, height;

    private void Resize(AttentionPlan plan, int row)
    {
        (length, dimension, width) = (plan.Rows[row].Length, plan.Dimension, Numbers.Padded(plan.Dimension));
        // Scores are made of whole groups of keys from anywhere on, so a column has room for more than the row. Queries, too, come in whole
        // groups.
        height = Numbers.Padded(length) + KeysTogether + Lanes;
        var (vectors, columns, scores) = ((Numbers.Padded(length) + Lanes) * width, height * width, height * Together);
        var total = 7 * vectors + 2 * columns + 2 * scores + Lanes;
        if (room.Length < total)
            room = GC.AllocateArray<float>(2 * total, pinned: true);
        var place = (float*)Unsafe.AsPointer(ref room[0]);
        place += (Lanes - (nint)place / sizeof(float) % Lanes) % Lanes;
        query = Next(vectors);
        key = Next(vectors);
        value = Next(vectors);
        gradient = Next(vectors);
        toQuery = Next(vectors);
        toKey = Next(vectors);
        toValue = Next(vectors);
        keyColumns = Next(columns);
        valueColumns = Next(columns);
        weights = Next(scores);
        changes = Next(scores);

        float* Next(int size) => (place += size) - size;
    }

    private void TakeKeys(AttentionPlan plan, int row, int head, RowVectors from, bool withGradient)
    {
        TakeTurned(plan, row, from.Key, plan.KeyHeads, head, key, isQuery: false);
        Take(plan, row, from.Value, plan.KeyHeads, head, value);
        Transpose(key, keyColumns);
        if (withGradient)
            Transpose(value, valueColumns);
    }

    private void Transpose(float* rows, float* columns)
    {
        for (var index = 0; index < dimension; index++)
            for (var at = 0; at < length; at++)
                columns[index * height + at] = rows[at * width + index];
    }

    private void TakeTurned(AttentionPlan plan, int row, ReadOnlySpan<float> from, int heads, int head, float* to, bool isQuery)
    {
        for (var at = 0; at < length; at++, to += width)
        {
            var position = plan.Rows[row].Positions[at];
            plan.Angles[row].Turn(
                from.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension), new Span<float>(to, dimension), position,
                isQuery ? plan.ScaleAt(position) : 1, 1);
            new Span<float>(to + dimension, width - dimension).Clear();
        }
    }

    private void Take(AttentionPlan plan, int row, ReadOnlySpan<float> from, int heads, int head, float* to)
    {
        for (var at = 0; at < length; at++, to += width)
        {
            from.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension).CopyTo(new Span<float>(to, dimension));
            new Span<float>(to + dimension, width - dimension).Clear();
        }
    }

    private void Give(AttentionPlan plan, int row, float* from, Span<float> to, int heads, int head)
    {
        for (var at = 0; at < length; at++, from += width)
            new Span<float>(from, dimension).CopyTo(to.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension));
    }

    private void GiveTurned(AttentionPlan plan, int row, float* from, Span<float> to, int heads, int head, bool isQuery)
    {
        for (var at = 0; at < length; at++, from += width)
        {
            var position = plan.Rows[row].Positions[at];
            plan.Angles[row].Turn(
                new Span<float>(from, dimension), to.Slice(((plan.Starts[row] + at) * heads + head) * dimension, dimension), position,
                isQuery ? plan.ScaleAt(position) : 1, -1);
        }
    }
}
