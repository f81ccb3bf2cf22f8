using System.Runtime.Intrinsics;

namespace Kalm.Language.Execution.Kernels;

/// <summary>One thread's room for the attention of one head over one row: vectors padded to whole lanes, keys and values also column by
/// column, so that the scores of sixteen keys are one vector. Queries of one branch are taken four at a time, so that each key is loaded
/// once for the four.</summary>
internal sealed unsafe partial class AttentionScratch
{
    private const int Lanes = Numbers.Lanes;

    /// <summary>Queries taken together.</summary>
    private const int Together = 4;

    /// <summary>Keys scored together.</summary>
    private const int KeysTogether = 2 * Lanes;

    [ThreadStatic]
    private static AttentionScratch? mine;

    private int first, count, prefixStart, prefixEnd, branchStart, branchEnd;

    /// <summary>The calling thread's.</summary>
    public static AttentionScratch Mine => mine ??= new AttentionScratch();

    private int PrefixCount => prefixEnd - prefixStart;

    private int SeenCount => PrefixCount + branchEnd - branchStart;

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
            if (head % plan.Group == 0)
                TakeKeys(plan, row, head / plan.Group, from, withGradient: false);
            TakeTurned(plan, row, from.Query, plan.Heads, head, query, isQuery: true);
            for (first = 0; first < length; first += count)
            {
                Gather(plan, row);
                Products(query, keyColumns, weights);
                for (var index = 0; index < Together; index++)
                    if (index < count)
                        sums[(start + first + index) * plan.Heads + head] = SoftMax(
                            weights + index * height, SeenCount, plan.Spans[row][first + index], first + index);
                    else
                        new Span<float>(weights + index * height, SeenCount).Clear();
                Mix();
            }
            Give(plan, row, toQuery, result, plan.Heads, head);
        }
    }

    /// <summary>Writes the gradients of one row's queries, keys and values.</summary>
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
            if (head % plan.Group == 0)
            {
                TakeKeys(plan, row, head / plan.Group, from, withGradient: true);
                new Span<float>(toKey, length * width).Clear();
                new Span<float>(toValue, length * width).Clear();
            }
            TakeTurned(plan, row, from.Query, plan.Heads, head, query, isQuery: true);
            Take(plan, row, given, plan.Heads, head, gradient);
            for (first = 0; first < length; first += count)
            {
                Gather(plan, row);
                Products(query, keyColumns, weights);
                Products(gradient, valueColumns, changes);
                for (var index = 0; index < Together; index++)
                    if (index < count)
                    {
                        Gradients(weights + index * height, changes + index * height, SeenCount, plan.Spans[row][first + index],
                            first + index, sums[(start + first + index) * plan.Heads + head]);
                    }
                    else
                    {
                        new Span<float>(weights + index * height, SeenCount).Clear();
                        new Span<float>(changes + index * height, SeenCount).Clear();
                    }
                Spread();
            }
            GiveTurned(plan, row, toQuery, to.Query, plan.Heads, head, isQuery: true);
            if ((head + 1) % plan.Group == 0)
            {
                GiveTurned(plan, row, toKey, to.Key, plan.KeyHeads, head / plan.Group, isQuery: false);
                Give(plan, row, toValue, to.Value, plan.KeyHeads, head / plan.Group);
            }
        }
    }

    /// <summary>Takes the queries that follow, at most four of one branch, and what they see together.</summary>
    private void Gather(AttentionPlan plan, int row)
    {
        var segments = plan.Rows[row].Segments;
        count = 1;
        while (count < Together && first + count < length && segments[first + count] == segments[first])
            count++;
        var (one, last) = (plan.Spans[row][first], plan.Spans[row][first + count - 1]);
        (prefixStart, prefixEnd) = (one.Start, last.End);
        (branchStart, branchEnd) = one.BranchStart > first ? (0, 0) : (one.BranchStart, first + count);
    }

    /// <summary>The inner products of the gathered vectors with those that they see, the prefix's before the branch's.</summary>
    private void Products(float* vectors, float* columns, float* products)
    {
        Products(vectors, columns, prefixStart, prefixEnd, products);
        Products(vectors, columns, branchStart, branchEnd, products + PrefixCount);
    }

    private void Products(float* vectors, float* columns, int start, int end, float* products)
    {
        var vector = vectors + first * width;
        for (; start < end; start += KeysTogether, products += KeysTogether)
        {
            Vector512<float> a0, a1, b0, b1, c0, c1, d0, d1;
            a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = Vector512<float>.Zero;
            var column = columns + start;
            for (var index = 0; index < dimension; index++, column += height)
            {
                var (near, far) = (Vector512.Load(column), Vector512.Load(column + Lanes));
                var (a, b) = (Vector512.Create(vector[index]), Vector512.Create(vector[width + index]));
                (a0, a1) = (Vector512.FusedMultiplyAdd(a, near, a0), Vector512.FusedMultiplyAdd(a, far, a1));
                (b0, b1) = (Vector512.FusedMultiplyAdd(b, near, b0), Vector512.FusedMultiplyAdd(b, far, b1));
                var (c, d) = (Vector512.Create(vector[2 * width + index]), Vector512.Create(vector[3 * width + index]));
                (c0, c1) = (Vector512.FusedMultiplyAdd(c, near, c0), Vector512.FusedMultiplyAdd(c, far, c1));
                (d0, d1) = (Vector512.FusedMultiplyAdd(d, near, d0), Vector512.FusedMultiplyAdd(d, far, d1));
            }
            a0.Store(products);
            a1.Store(products + Lanes);
            b0.Store(products + height);
            b1.Store(products + height + Lanes);
            c0.Store(products + 2 * height);
            c1.Store(products + 2 * height + Lanes);
            d0.Store(products + 3 * height);
            d1.Store(products + 3 * height + Lanes);
        }
    }

    /// <summary>Sets every score that a token does not see to minus infinity, and those behind the last.</summary>
    private void Hide(float* scores, int seen, AttentionSpan span, int at)
    {
        var branch = scores + PrefixCount;
        Fill(scores, span.Start - prefixStart);
        Fill(scores + span.End - prefixStart, prefixEnd - span.End);
        if (branchEnd > branchStart)
        {
            Fill(branch, span.BranchStart - branchStart);
            Fill(branch + at + 1 - branchStart, branchEnd - at - 1);
        }
        Fill(scores + seen, Numbers.Padded(seen) - seen);

        static void Fill(float* from, int length) => new Span<float>(from, length).Fill(float.NegativeInfinity);
    }

    /// <summary>Makes weights of one token's scores; returns the logarithm of the sum of their exponentials.</summary>
    private float SoftMax(float* scores, int seen, AttentionSpan span, int at)
    {
        Hide(scores, seen, span, at);
        var highest = Vector512.Load(scores);
        for (var place = Lanes; place < seen; place += Lanes)
            highest = Vector512.Max(highest, Vector512.Load(scores + place));
        var largest = Numbers.Largest(highest);
        var sums = Vector512<float>.Zero;
        for (var place = 0; place < seen; place += Lanes)
        {
            var weight = Numbers.Exp(Vector512.Load(scores + place) - Vector512.Create(largest));
            weight.Store(scores + place);
            sums += weight;
        }
        var sum = Vector512.Sum(sums);
        var share = Vector512.Create(1 / sum);
        for (var place = 0; place < seen; place += Lanes)
            (Vector512.Load(scores + place) * share).Store(scores + place);
        return largest + MathF.Log(sum);
    }

    /// <summary>Turns one token's scores into weights p, and the gradients d of the weights into those of the scores, p (d - sum(p
    /// d)).</summary>
    private void Gradients(float* scores, float* gradients, int seen, AttentionSpan span, int at, float sum)
    {
        Hide(scores, seen, span, at);
        new Span<float>(gradients + seen, Numbers.Padded(seen) - seen).Clear();
        var total = Vector512<float>.Zero;
        for (var place = 0; place < seen; place += Lanes)
        {
            var weight = Numbers.Exp(Vector512.Load(scores + place) - Vector512.Create(sum));
            weight.Store(scores + place);
            total = Vector512.FusedMultiplyAdd(weight, Vector512.Load(gradients + place), total);
        }
        var mean = Vector512.Create(Vector512.Sum(total));
        for (var place = 0; place < seen; place += Lanes)
            (Vector512.Load(scores + place) * (Vector512.Load(gradients + place) - mean)).Store(gradients + place);
    }

    /// <summary>Mixes the values that the gathered tokens see.</summary>
    private void Mix()
    {
        for (var part = 0; part < width; part += Lanes)
        {
            Vector512<float> a, b, c, d;
            a = b = c = d = Vector512<float>.Zero;
            var weight = weights;
            for (var seen = prefixStart; ; seen++)
            {
                if (seen == prefixEnd)
                    seen = branchStart;
                if (weight == weights + SeenCount)
                    break;
                var mixed = Vector512.Load(value + seen * width + part);
                a = Vector512.FusedMultiplyAdd(Vector512.Create(*weight), mixed, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Create(weight[height]), mixed, b);
                c = Vector512.FusedMultiplyAdd(Vector512.Create(weight[2 * height]), mixed, c);
                d = Vector512.FusedMultiplyAdd(Vector512.Create(weight[3 * height]), mixed, d);
                weight++;
            }
            var to = toQuery + first * width + part;
            a.Store(to);
            b.Store(to + width);
            c.Store(to + 2 * width);
            d.Store(to + 3 * width);
        }
    }

    /// <summary>Adds the gathered tokens' part to the gradients of their queries and of the keys and values that they see.</summary>
    private void Spread()
    {
        for (var part = 0; part < width; part += Lanes)
        {
            var asks = query + first * width + part;
            var given = gradient + first * width + part;
            var to = toQuery + first * width + part;
            Vector512<float> a, b, c, d;
            a = b = c = d = Vector512<float>.Zero;
            var (askA, askB, askC, askD) = (Vector512.Load(asks), Vector512.Load(asks + width),
                Vector512.Load(asks + 2 * width), Vector512.Load(asks + 3 * width));
            var (giveA, giveB, giveC, giveD) = (Vector512.Load(given), Vector512.Load(given + width),
                Vector512.Load(given + 2 * width), Vector512.Load(given + 3 * width));
            var weight = weights;
            var change = changes;
            for (var seen = prefixStart; ; seen++, weight++, change++)
            {
                if (seen == prefixEnd)
                    seen = branchStart;
                if (weight == weights + SeenCount)
                    break;
                var at = seen * width + part;
                var (changeA, changeB, changeC, changeD) = (
                    Vector512.Create(*change), Vector512.Create(change[height]),
                    Vector512.Create(change[2 * height]), Vector512.Create(change[3 * height]));
                var seenKey = Vector512.Load(key + at);
                a = Vector512.FusedMultiplyAdd(changeA, seenKey, a);
                b = Vector512.FusedMultiplyAdd(changeB, seenKey, b);
                c = Vector512.FusedMultiplyAdd(changeC, seenKey, c);
                d = Vector512.FusedMultiplyAdd(changeD, seenKey, d);
                var one = Vector512.FusedMultiplyAdd(changeA, askA, Vector512.Load(toKey + at));
                var two = Vector512.FusedMultiplyAdd(changeC, askC, changeD * askD);
                (Vector512.FusedMultiplyAdd(changeB, askB, one) + two).Store(toKey + at);
                one = Vector512.FusedMultiplyAdd(Vector512.Create(*weight), giveA, Vector512.Load(toValue + at));
                two = Vector512.FusedMultiplyAdd(Vector512.Create(weight[2 * height]), giveC, Vector512.Create(weight[3 * height]) * giveD);
                (Vector512.FusedMultiplyAdd(Vector512.Create(weight[height]), giveB, one) + two).Store(toValue + at);
            }
            a.Store(to);
            b.Store(to + width);
            c.Store(to + 2 * width);
            d.Store(to + 3 * width);
        }
    }
}
