namespace Kalm.Language.Generation;

/// <summary>The beam search for one prompt.</summary>
/// <param name="trie">The allowed texts.</param>
/// <param name="terminators">The tokens that may end a text; one that also continues the text counts as continuing it.</param>
/// <param name="prior">What is taken off; null for nothing.</param>
/// <param name="count">Answers wanted.</param>
/// <param name="beams">Unfinished texts kept.</param>
/// <param name="room">Tokens that the context has left.</param>
internal sealed class TrieSearch(TokenTrie trie, int[] terminators, TriePrior? prior, int count, int beams, int room)
{
    private readonly record struct Beam(int Node, double LogProbability, double Score, int Parent, int Token);

    private readonly List<ConstrainedAnswer> finished = [];
    private List<Beam> live = [new(TokenTrie.Root, 0, 0, 0, 0)];
    private int written;

    /// <summary>The unfinished texts.</summary>
    public int Rows => live.Count;

    /// <summary>For each unfinished text its row before the step, and the token to feed.</summary>
    public IEnumerable<(int Parent, int Token)> Fed => live.Select(beam => (beam.Parent, beam.Token));

    /// <summary>The finished texts, the best first.</summary>
    public IReadOnlyList<ConstrainedAnswer> Answers =>
        [.. finished.OrderByDescending(answer => answer.Score).ThenBy(answer => answer.Text).Take(count)];

    /// <summary>Takes a step.</summary>
    /// <param name="logits">[live texts x vocabulary].</param>
    /// <param name="width">The vocabulary.</param>
    public void Advance(ReadOnlySpan<float> logits, int width)
    {
        var next = new List<Beam>();
        for (var row = 0; row < live.Count; row++)
            Extend(live[row], row, logits.Slice(row * width, width), next);
        // Where nothing is taken off, a text can only lose by what is still to be written.
        var bar = prior is not null || finished.Count < count
            ? double.NegativeInfinity : finished.Select(answer => answer.Score).OrderDescending().ElementAt(count - 1);
        live = ++written >= room ? [] : [.. next.Where(beam => beam.Score > bar).OrderByDescending(beam => beam.Score).Take(beams)];
    }

    private void Extend(Beam beam, int row, ReadOnlySpan<float> logits, List<Beam> next)
    {
        var tokens = trie.Tokens(beam.Node);
        var text = trie.TextAt(beam.Node);
        var probabilities = TrieProbabilities.Of(trie, terminators, beam.Node, logits);
        var before = prior?.At(beam.Node);
        if (text != TokenTrie.NoText)
            finished.Add(Answer(text, tokens.Count));
        for (var index = 0; index < tokens.Count; index++)
        {
            var node = trie.Follow(beam.Node, tokens[index]);
            // What is the only way left has probability 1.
            if (trie.OnlyText(node) is not TokenTrie.NoText and var only)
                finished.Add(Answer(only, index));
            else
                next.Add(new Beam(node, beam.LogProbability + probabilities[index], Score(index), row, tokens[index]));
        }

        ConstrainedAnswer Answer(int answer, int way) => new(answer, beam.LogProbability + probabilities[way], Score(way));

        double Score(int way) => beam.Score + probabilities[way] - (before?[way] ?? 0);
    }
}
