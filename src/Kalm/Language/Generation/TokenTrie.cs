namespace Kalm.Language.Generation;

/// <summary>The texts that may be written, as a tree of their tokens.</summary>
public sealed class TokenTrie
{
    /// <summary>The node before the first token.</summary>
    public const int Root = 0;

    private readonly List<SortedList<int, int>> children = [[]];
    private readonly List<int> texts = [NoText];
    private readonly List<int> only = [];
    private int added;

    /// <summary>What <see cref="TextAt"/> gives where no text ends.</summary>
    public const int NoText = -1;

    /// <summary>Builds the tree.</summary>
    /// <param name="tokens">The texts, each at least one token; equal ones count as the first of them.</param>
    public TokenTrie(IEnumerable<IReadOnlyList<int>> tokens)
    {
        foreach (var text in tokens)
            Add(text);
        for (var node = 0; node < children.Count; node++)
            only.Add(NoText);
        FindOnly();
    }

    /// <summary>The number of different texts.</summary>
    public int Count { get; private set; }

    /// <summary>The tokens that may follow a node, ascending.</summary>
    public IList<int> Tokens(int node) => children[node].Keys;

    /// <summary>The node that a token leads to; -1 when it may not follow.</summary>
    public int Follow(int node, int token) => children[node].TryGetValue(token, out var next) ? next : -1;

    /// <summary>The number, in the order given, of the text that ends at a node; <see cref="NoText"/> where none does.</summary>
    public int TextAt(int node) => texts[node];

    /// <summary>The only text that can still be reached from a node; <see cref="NoText"/> when there are several.</summary>
    public int OnlyText(int node) => only[node];

    private void Add(IReadOnlyList<int> tokens)
    {
        if (tokens.Count == 0)
            throw new ArgumentException("a text without tokens", nameof(tokens));
        var node = Root;
        foreach (var token in tokens)
        {
            if (!children[node].TryGetValue(token, out var next))
            {
                next = children.Count;
                children.Add([]);
                texts.Add(NoText);
                children[node].Add(token, next);
            }
            node = next;
        }
        if (texts[node] == NoText)
            (texts[node], Count) = (added, Count + 1);
        added++;
    }

    // Children have higher numbers than their parents.
    private void FindOnly()
    {
        for (var node = children.Count - 1; node >= 0; node--)
            only[node] = (children[node].Count, texts[node]) switch
            {
                (0, var text) => text,
                (1, NoText) => only[children[node].Values[0]],
                _ => NoText,
            };
    }
}
