namespace Kalm.Language.Generation;

/// <summary>How the ways on from a node of a trie share their probability.</summary>
internal static class TrieProbabilities
{
    /// <summary>The log-probability of each way among those allowed, in nats.</summary>
    /// <param name="trie">The allowed texts.</param>
    /// <param name="terminators">The tokens that may end a text, unless they continue it.</param>
    /// <param name="node">Where the text stands.</param>
    /// <param name="logits">[vocabulary].</param>
    /// <returns>One for each of the node's tokens, in their order, and behind them that of the end; minus infinity where no text
    /// ends.</returns>
    public static double[] Of(TokenTrie trie, int[] terminators, int node, ReadOnlySpan<float> logits)
    {
        var tokens = trie.Tokens(node);
        var ways = new double[tokens.Count + 1];
        for (var index = 0; index < tokens.Count; index++)
            ways[index] = logits[tokens[index]];
        ways[^1] = double.NegativeInfinity;
        if (trie.TextAt(node) != TokenTrie.NoText)
            foreach (var terminator in terminators)
                if (trie.Follow(node, terminator) < 0)
                    ways[^1] = LogAdd(ways[^1], logits[terminator]);
        var total = double.NegativeInfinity;
        foreach (var way in ways)
            total = LogAdd(total, way);
        for (var index = 0; index < ways.Length; index++)
            ways[index] -= total;
        return ways;
    }

    private static double LogAdd(double left, double right)
    {
        var (high, low) = left > right ? (left, right) : (right, left);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }
}
