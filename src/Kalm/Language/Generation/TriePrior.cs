using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Language.Generation;

/// <summary>How likely each text of a trie is by itself: its probabilities after a prompt that asks for nothing in particular. A name that
/// begins with a common word is likely whatever is asked.</summary>
public sealed class TriePrior
{
    private const int RowTokens = 512;
    private const int LogitsAtOnce = 1 << 24;
    private readonly Dictionary<int, double[]> probabilities = [];

    private TriePrior()
    {
    }

    /// <summary>Reads the probabilities of every node, in one pass over the trie.</summary>
    /// <param name="pool">The model; not owned.</param>
    /// <param name="trie">The texts.</param>
    /// <param name="terminators">The tokens that may end a text.</param>
    /// <param name="prompt">The neutral prompt, at least one token.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">Prompt and text do not fit the context.</exception>
    public static TriePrior Of(DecoderPool pool, TokenTrie trie, int[] terminators, int[] prompt, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(trie);
        var prior = new TriePrior();
        var portion = Math.Max(1, LogitsAtOnce / pool.Config.VocabularySize);
        foreach (var nodes in Undecided(trie, prompt[^1]).Chunk(portion))
        {
            using var scope = NewDisposeScope();
            var tree = new TextTree(prompt[..^1], [.. nodes.Select(node => Branch.ReadAtEnd(node.Path))]);
            var states = pool.Read([.. tree.ToRows(prompt.Length + RowTokens)], null, cancellation);
            var logits = pool.OnFirst(decoder => decoder.Logits(states).cpu().contiguous().data<float>().ToArray());
            var width = logits.Length / nodes.Length;
            for (var index = 0; index < nodes.Length; index++)
                prior.probabilities.Add(
                    nodes[index].Node, TrieProbabilities.Of(trie, terminators, nodes[index].Node, logits.AsSpan(index * width, width)));
        }
        return prior;
    }

    /// <summary>The log-probability of each way on from a node, its end last; as <see cref="TrieProbabilities.Of"/>.</summary>
    internal double[] At(int node) => probabilities[node];

    // Where only one text is left there is nothing to choose. The prompt's last token begins every path, so that the root is read too.
    private static IEnumerable<(int Node, int[] Path)> Undecided(TokenTrie trie, int last)
    {
        var open = new Stack<(int Node, int[] Path)>([(TokenTrie.Root, [last])]);
        while (open.TryPop(out var top))
        {
            if (trie.OnlyText(top.Node) != TokenTrie.NoText)
                continue;
            yield return top;
            foreach (var token in trie.Tokens(top.Node))
                open.Push((trie.Follow(top.Node, token), [.. top.Path, token]));
        }
    }
}
