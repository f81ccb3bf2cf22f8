namespace Kalm.Language.Generation;

/// <summary>A token and how likely it was to follow.</summary>
/// <param name="Token">Its id.</param>
/// <param name="LogProbability">The natural logarithm of its probability by the model alone: at temperature 1, before penalties, biases and
/// grammars.</param>
public readonly record struct TokenLogProbability(int Token, double LogProbability);

/// <summary>A token that was written, and what might have been.</summary>
/// <param name="Chosen">The token.</param>
/// <param name="Likeliest">The likeliest tokens at its place, the likeliest first.</param>
public sealed record WrittenToken(TokenLogProbability Chosen, IReadOnlyList<TokenLogProbability> Likeliest);

/// <summary>The log-probabilities of what may follow.</summary>
internal sealed class TokenLikelihood
{
    private readonly float[] logits;
    private readonly double total;
    private readonly IReadOnlyList<TokenLogProbability> likeliest;

    private TokenLikelihood(float[] logits, double total, int count)
    {
        (this.logits, this.total) = (logits, total);
        var best = new PriorityQueue<int, (float, int)>();
        for (var token = 0; token < logits.Length && count > 0; token++)
            if (best.Count < count)
                best.Enqueue(token, (logits[token], -token));
            else
                best.EnqueueDequeue(token, (logits[token], -token));
        var order = new List<TokenLogProbability>(count);
        while (best.TryDequeue(out var token, out _))
            order.Add(new TokenLogProbability(token, logits[token] - total));
        order.Reverse();
        likeliest = order;
    }

    /// <summary>Reads logits.</summary>
    /// <param name="logits">One number a token; copied.</param>
    /// <param name="count">How many of the likeliest are told.</param>
    public static TokenLikelihood Of(ReadOnlySpan<float> logits, int count)
    {
        var highest = float.NegativeInfinity;
        foreach (var logit in logits)
            highest = Math.Max(highest, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - highest);
        return new TokenLikelihood(logits.ToArray(), highest + Math.Log(sum), count);
    }

    /// <summary>That of a token that was chosen.</summary>
    public WrittenToken At(int token) => new(new TokenLogProbability(token, logits[token] - total), likeliest);
}
