using Kalm.Language.Tokenization;

namespace Kalm.Language.Generation.Grammar;

/// <summary>The bytes of a tokenizer's tokens as a tree, so that tokens with the same beginning are looked at once. Control tokens are no
/// part of it. Immutable.</summary>
internal sealed class VocabularyTrie
{
    private const int None = -1;

    // Node 0 is the root; children stand behind their parent, each with all of its own.
    private readonly List<byte> labels = [0];
    private readonly List<int> ends = [0];
    private readonly List<int> tokens = [None];
    private readonly int[] same;

    /// <summary>Reads the tokens.</summary>
    public VocabularyTrie(Tokenizer tokenizer)
    {
        Size = tokenizer.VocabularySize;
        same = new int[Size];
        Array.Fill(same, None);
        var spelled = Enumerable.Range(0, Size).Where(id => !tokenizer.IsSpecial(id))
            .Select(id => (Id: id, Bytes: tokenizer.BytesOf(id))).Where(token => token.Bytes.Length > 0).ToList();
        spelled.Sort((left, right) => left.Bytes.AsSpan().SequenceCompareTo(right.Bytes) is var order and not 0
            ? order : left.Id.CompareTo(right.Id));
        var path = new Stack<int>([0]);
        byte[] before = [];
        foreach (var (id, bytes) in spelled)
        {
            var common = bytes.AsSpan().CommonPrefixLength(before);
            while (path.Count > common + 1)
                ends[path.Pop()] = labels.Count;
            foreach (var value in bytes.AsSpan(common))
            {
                path.Push(labels.Count);
                labels.Add(value);
                ends.Add(0);
                tokens.Add(None);
            }
            (same[id], tokens[path.Peek()], before) = (tokens[path.Peek()], id, bytes);
        }
        foreach (var open in path)
            ends[open] = labels.Count;
    }

    /// <summary>The number of token ids.</summary>
    public int Size { get; }

    /// <summary>The tokens that may follow a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="follow">The state behind one more byte, which may be remembered.</param>
    public List<int> Allowed(GrammarState state, Func<GrammarState, byte, GrammarState> follow)
    {
        var allowed = new List<int>();
        Walk(0, state);
        return allowed;

        void Walk(int node, GrammarState at)
        {
            for (var child = node + 1; child < ends[node]; child = ends[child])
            {
                var next = follow(at, labels[child]);
                if (next.IsOver && !next.IsWhole)
                    continue;
                for (var token = tokens[child]; token != None; token = same[token])
                    allowed.Add(token);
                if (!next.IsOver)
                    Walk(child, next);
            }
        }
    }
}
