namespace Kalm.Language.Generation;

/// <summary>The beam search for one prompt.</summary>
/// <param name="trie">The allowed texts.</param>
/// <param name="terminators">The tokens that may end a text; one that also continues the text counts as continuing it.</param>
/// <param name="count">Answers wanted.</param>
/// <param name="beams">Unfinished texts kept.</param>
/// <param name="room">Tokens that the context has left.</param>
internal sealed class TrieSearch(TokenTrie trie, int[] terminators, int count, int beams, int room)
{
    private readonly record struct Beam(int Node, double LogProbability, int Parent, int Token);

    private readonly List<ConstrainedAnswer> finished = [];
    private List<Beam> live = [new(TokenTrie.Root, 0, 0, 0)];
    private int written;

    /// <summary>The unfinished texts.</summary>
    public int Rows => live.Count;

    /// <summary>For each unfinished text its row before the step, and the token to feed.</summary>
    public IEnumerable<(int Parent, int Token)> Fed => live.Select(beam => (beam.Parent, beam.Token));

    /// <summary>The finished texts, the best first.</summary>
    public IReadOnlyList<ConstrainedAnswer> Answers =>
        [.. finished.OrderByDescending(answer => answer.LogProbability).ThenBy(answer => answer.Text).Take(count)];

    /// <summary>Takes a step.</summary>
    /// <param name="logits">[live texts x vocabulary].</param>
    /// <param name="width">The vocabulary.</param>
    public void Advance(ReadOnlySpan<float> logits, int width)
    {
        var next = new List<Beam>();
        for (var row = 0; row < live.Count; row++)
            Extend(live[row], row, logits.Slice(row * width, width), next);
        // A text can only lose by what is still to be written.
        var bar = finished.Count < count
            ? double.NegativeInfinity : finished.Select(answer => answer.LogProbability).OrderDescending().ElementAt(count - 1);
        live = ++written >= room
            ? [] : [.. next.Where(beam => beam.LogProbability > bar).OrderByDescending(beam => beam.LogProbability).Take(beams)];
    }

    private void Extend(Beam beam, int row, ReadOnlySpan<float> logits, List<Beam> next)
    {
        var tokens = trie.Tokens(beam.Node);
        var text = trie.TextAt(beam.Node);
        var ending = text == TokenTrie.NoText
            ? double.NegativeInfinity : LogSum(logits, [.. terminators.Where(token => trie.Follow(beam.Node, token) < 0)]);
        var total = LogAdd(LogSum(logits, tokens), ending);
        if (text != TokenTrie.NoText)
            finished.Add(new ConstrainedAnswer(text, beam.LogProbability + ending - total));
        foreach (var token in tokens)
        {
            var node = trie.Follow(beam.Node, token);
            var probability = beam.LogProbability + logits[token] - total;
            // What is the only way left has probability 1.
            if (trie.OnlyText(node) is not TokenTrie.NoText and var only)
                finished.Add(new ConstrainedAnswer(only, probability));
            else
                next.Add(new Beam(node, probability, row, token));
        }
    }

    private static double LogSum(ReadOnlySpan<float> logits, IList<int> tokens)
    {
        var sum = double.NegativeInfinity;
        for (var index = 0; index < tokens.Count; index++)
            sum = LogAdd(sum, logits[tokens[index]]);
        return sum;
    }

    private static double LogAdd(double left, double right)
    {
        var (high, low) = left > right ? (left, right) : (right, left);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }
}
