using System.Collections.Immutable;

namespace Kalm.Language.Generation;

/// <summary>Makes the logits of tokens that may not follow minus infinity.</summary>
internal delegate void Restriction(Span<float> logits);

/// <summary>Chooses the next token of one sequence. Its draws depend on the seed and the sequence's number alone, not on its
/// company.</summary>
/// <param name="options">How to choose.</param>
/// <param name="sequence">The sequence's number.</param>
internal sealed class TokenSampler(GenerationOptions options, int sequence)
{
    private const double FirstLeast = 1e-2;
    private const double NextLeast = 1e-3;
    // Sums in another order differ in their last digits.
    private const double Margin = 1 - 1e-9;
    private readonly Random random = new(HashCode(options.Seed, sequence));
    private int[] order = [];
    private double[] weights = [];

    /// <summary>Chooses.</summary>
    /// <param name="logits">One number a token; changed.</param>
    /// <param name="seen">The tokens of prompt and continuation so far.</param>
    /// <param name="written">How often each token was written; null for never.</param>
    /// <param name="restrict">Makes the logits of tokens that may not follow minus infinity; null lets all.</param>
    public int Choose(
        Span<float> logits, IReadOnlySet<int> seen, IReadOnlyDictionary<int, int>? written = null, Restriction? restrict = null)
    {
        if (options.RepetitionPenalty != 1)
            foreach (var token in seen)
                if (token < logits.Length)
                    logits[token] = (float)(logits[token] > 0
                        ? logits[token] / options.RepetitionPenalty : logits[token] * options.RepetitionPenalty);
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
            foreach (var (token, count) in written ?? ImmutableDictionary<int, int>.Empty)
                logits[token] -= (float)(options.PresencePenalty + (count * options.FrequencyPenalty));
        foreach (var (token, bias) in options.LogitBias)
            if (token < logits.Length)
                logits[token] += (float)bias;
        restrict?.Invoke(logits);
        return options.Temperature == 0 ? Likeliest(logits) : Draw(logits);
    }

    /// <summary>The token of the highest logit; the first of equals.</summary>
    public static int Likeliest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var token = 1; token < logits.Length; token++)
            if (logits[token] > logits[best])
                best = token;
        return best;
    }

    private int Draw(Span<float> logits)
    {
        if (weights.Length != logits.Length)
            (weights, order) = (new double[logits.Length], new int[logits.Length]);
        var likeliest = Likeliest(logits);
        double highest = logits[likeliest];
        if (!double.IsFinite(highest))
            return likeliest;
        for (var token = 0; token < logits.Length; token++)
            (weights[token], order[token]) = (Math.Exp((logits[token] - highest) / options.Temperature), token);
        var count = logits.Length;
        if (options.TopK is not null || options.TopP < 1)
            count = Nucleus(Sorted(Math.Min(options.TopK ?? count, count)));
        if (options.MinP > 0)
            for (var place = 0; place < count; place++)
                if (weights[order[place]] < options.MinP)
                    weights[order[place]] = 0;
        var total = 0.0;
        for (var place = 0; place < count; place++)
            total += weights[order[place]];
        var left = random.NextDouble() * total;
        for (var place = 0; place < count; place++)
            if ((left -= weights[order[place]]) < 0)
                return order[place];
        // What rounding leaves over belongs to the last one that may be drawn.
        while (weights[order[count - 1]] == 0)
            count--;
        return order[count - 1];
    }

    // The likeliest first, and the lower id first among equals: as many as may be drawn from, and no others, for most of a vocabulary
    // never is.
    private int Sorted(int most)
    {
        var needed = options.TopK is null ? options.TopP * weights.Sum() : double.PositiveInfinity;
        for (var least = FirstLeast; ; least *= NextLeast)
        {
            var (found, sum) = (0, 0.0);
            for (var token = 0; token < weights.Length; token++)
                if (weights[token] >= least)
                    (order[found++], sum) = (token, sum + weights[token]);
            if (found < Math.Min(most, weights.Length) && sum * Margin < needed && least > 0)
                continue;
            Array.Sort(order, 0, found, Comparer<int>.Create(
                (left, right) => weights[right].CompareTo(weights[left]) is var difference and not 0 ? difference : left.CompareTo(right)));
            return Math.Min(most, found);
        }
    }

    private int Nucleus(int count)
    {
        var total = options.TopK is null ? weights.Sum() : order.Take(count).Sum(token => weights[token]);
        var sum = 0.0;
        for (var place = 0; place < count; place++)
            if ((sum += weights[order[place]]) >= options.TopP * total)
                return place + 1;
        return count;
    }

    // System.HashCode is salted by the process.
    private static int HashCode(long seed, int sequence)
    {
        var mixed = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)(uint)sequence + 1);
        mixed = unchecked((mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9);
        return (int)(mixed ^ (mixed >> 32));
    }
}
