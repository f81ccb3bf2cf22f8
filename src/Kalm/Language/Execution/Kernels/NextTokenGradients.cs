using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Losses of next-token distributions and their gradients by the logits, softmax(logits) minus what was wanted, written over the
/// logits: three passes over numbers that stay in the processor's cache, and no other tensor as large as the vocabulary.</summary>
internal static class NextTokenGradients
{
    /// <summary>As <see cref="IDecoderKernels.LabelGradient"/>, on F32 numbers.</summary>
    public static double Labels(Span<float> logits, int vocabulary, ReadOnlySpan<long> labels, ReadOnlySpan<float> shares, double factor)
    {
        var sum = 0.0;
        for (var read = 0; read < labels.Length; read++)
        {
            var row = logits.Slice(read * vocabulary, vocabulary);
            var (share, label) = (shares.IsEmpty ? 1 : shares[read], (int)labels[read]);
            var highest = Highest(row);
            var wanted = row[label] - highest;
            var exponentials = Exponentials(row, highest);
            sum += share * (Math.Log(exponentials) - wanted);
            var weight = (float)(factor * share);
            Scale(row, (float)(weight / exponentials));
            row[label] -= weight;
        }
        logits[(labels.Length * vocabulary)..].Clear();
        return sum;
    }

    /// <summary>As <see cref="IDecoderKernels.DivergenceGradient"/>, on F32 numbers.</summary>
    public static double Divergence(Span<float> logits, Span<float> expected, int vocabulary, double factor)
    {
        var sum = 0.0;
        for (var start = 0; start < logits.Length; start += vocabulary)
        {
            var own = logits.Slice(start, vocabulary);
            var theirs = expected.Slice(start, vocabulary);
            var (ownSum, theirSum, apart) = Exponentials(own, Highest(own), theirs, Highest(theirs));
            sum += apart / theirSum - Math.Log(theirSum) + Math.Log(ownSum);
            Blend(own, (float)(factor / ownSum), theirs, (float)(-factor / theirSum));
        }
        return sum;
    }

    private static float Highest(ReadOnlySpan<float> row)
    {
        ref var first = ref MemoryMarshal.GetReference(row);
        var highest = Vector512.Create(float.NegativeInfinity);
        var at = 0;
        for (; at <= row.Length - Numbers.Lanes; at += Numbers.Lanes)
            highest = Vector512.Max(highest, Vector512.LoadUnsafe(ref first, (nuint)at));
        var found = Numbers.Largest(highest);
        for (; at < row.Length; at++)
            found = MathF.Max(found, row[at]);
        return found;
    }

    /// <summary>Makes e^(x - highest) of every x; returns their sum.</summary>
    private static double Exponentials(Span<float> row, float highest)
    {
        ref var first = ref MemoryMarshal.GetReference(row);
        var sums = Vector512<float>.Zero;
        var at = 0;
        for (; at <= row.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var e = Numbers.Exp(Vector512.LoadUnsafe(ref first, (nuint)at) - Vector512.Create(highest));
            e.StoreUnsafe(ref first, (nuint)at);
            sums += e;
        }
        var sum = (double)Vector512.Sum(sums);
        for (; at < row.Length; at++)
            sum += row[at] = MathF.Exp(row[at] - highest);
        return sum;
    }

    /// <summary>The same of two rows x and t; the last sum is that of e^(t - highest) ((t - highest) - (x - highest)).</summary>
    private static (double Own, double Theirs, double Apart) Exponentials(
        Span<float> own, float ownHighest, Span<float> theirs, float theirHighest)
    {
        ref var ownFirst = ref MemoryMarshal.GetReference(own);
        ref var theirFirst = ref MemoryMarshal.GetReference(theirs);
        var (ownSums, theirSums, apartSums) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var at = 0;
        for (; at <= own.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var x = Vector512.LoadUnsafe(ref ownFirst, (nuint)at) - Vector512.Create(ownHighest);
            var t = Vector512.LoadUnsafe(ref theirFirst, (nuint)at) - Vector512.Create(theirHighest);
            var (e, f) = (Numbers.Exp(x), Numbers.Exp(t));
            e.StoreUnsafe(ref ownFirst, (nuint)at);
            f.StoreUnsafe(ref theirFirst, (nuint)at);
            ownSums += e;
            theirSums += f;
            apartSums = Vector512.FusedMultiplyAdd(f, t - x, apartSums);
        }
        double ownSum = Vector512.Sum(ownSums), theirSum = Vector512.Sum(theirSums), apart = Vector512.Sum(apartSums);
        for (; at < own.Length; at++)
        {
            var (x, t) = (own[at] - ownHighest, theirs[at] - theirHighest);
            ownSum += own[at] = MathF.Exp(x);
            theirSum += theirs[at] = MathF.Exp(t);
            apart += theirs[at] * (t - x);
        }
        return (ownSum, theirSum, apart);
    }

    private static void Scale(Span<float> row, float factor)
    {
        ref var first = ref MemoryMarshal.GetReference(row);
        var at = 0;
        for (; at <= row.Length - Numbers.Lanes; at += Numbers.Lanes)
            (Vector512.LoadUnsafe(ref first, (nuint)at) * factor).StoreUnsafe(ref first, (nuint)at);
        for (; at < row.Length; at++)
            row[at] *= factor;
    }

    /// <summary>x becomes a x + b t.</summary>
    private static void Blend(Span<float> x, float a, ReadOnlySpan<float> t, float b)
    {
        ref var first = ref MemoryMarshal.GetReference(x);
        ref var other = ref MemoryMarshal.GetReference(t);
        var at = 0;
        for (; at <= x.Length - Numbers.Lanes; at += Numbers.Lanes)
            Vector512.FusedMultiplyAdd(
                Vector512.LoadUnsafe(ref first, (nuint)at), Vector512.Create(a), Vector512.LoadUnsafe(ref other, (nuint)at) * b)
                .StoreUnsafe(ref first, (nuint)at);
        for (; at < x.Length; at++)
            x[at] = a * x[at] + b * t[at];
    }
}
