namespace Kalm.Language.Execution;

/// <summary>One continuation of a prefix.</summary>
/// <param name="Tokens">Token ids, at least one.</param>
/// <param name="FirstRead">The first index in <paramref name="Tokens"/> whose hidden state is read; all after it are read too.</param>
public sealed record Branch(int[] Tokens, int FirstRead)
{
    /// <summary>Where the states of its first token lie that layers below the trained ones made of it; negative where nowhere.</summary>
    public long StatesAt { get; init; } = -1;

    /// <summary>A branch that is read at its last token alone, as every view is.</summary>
    public static Branch ReadAtEnd(int[] tokens) => new(tokens, tokens.Length - 1);
}

/// <summary>A text and its continuations: attention is causal, so the prefix is encoded once for all of them.</summary>
/// <param name="Prefix">Token ids; may be empty.</param>
/// <param name="Branches">At least one.</param>
public sealed record TextTree(int[] Prefix, IReadOnlyList<Branch> Branches)
{
    /// <summary>Where the states of the prefix lie, as those of the branches; negative where nowhere.</summary>
    public long StatesAt { get; init; } = -1;

    /// <summary>Whether the prefix's tokens see all of it, as in a prefix language model (arXiv 1910.10683): it is encoded once for all
    /// branches even so, because it sees none of them.</summary>
    public bool SeesWholePrefix { get; init; }

    /// <summary>The number of tokens of the prefix with its longest branch.</summary>
    public int LongestText => Prefix.Length + Branches.Max(branch => branch.Tokens.Length);

    /// <summary>The tree as a plain sequence, which needs no mask of its length squared; for a causal tree of one branch.</summary>
    public TokenRow ToSequence()
    {
        var branch = Branches.Single();
        int[] tokens = [.. Prefix, .. branch.Tokens];
        return TokenRow.Sequence(tokens, [.. Enumerable.Range(Prefix.Length + branch.FirstRead, branch.Tokens.Length - branch.FirstRead)]);
    }

    /// <summary>Lays the tree out as rows of at most <paramref name="limit"/> tokens (a single branch may exceed it); the prefix is
    /// repeated where a tree needs more than one row. Reads keep the order of the branches.</summary>
    public IEnumerable<TokenRow> ToRows(int limit)
    {
        for (var start = 0; start < Branches.Count;)
        {
            var end = start + 1;
            var length = Prefix.Length + Branches[start].Tokens.Length;
            while (end < Branches.Count && length + Branches[end].Tokens.Length <= limit)
                length += Branches[end++].Tokens.Length;
            yield return Pack(start, end, length);
            start = end;
        }
    }

    private TokenRow Pack(int start, int end, int length)
    {
        var tokens = new int[length];
        var positions = new int[length];
        var segments = new int[length];
        var reads = new List<int>();
        var states = StatesAt >= 0 ? new long[length] : [];
        Prefix.CopyTo(tokens, 0);
        for (var at = 0; at < Prefix.Length; at++)
            positions[at] = at;
        for (var at = 0; at < Prefix.Length && states.Length > 0; at++)
            states[at] = StatesAt + at;
        var place = Prefix.Length;
        for (var index = start; index < end; index++)
        {
            var branch = Branches[index];
            for (var at = 0; at < branch.Tokens.Length; at++, place++)
            {
                tokens[place] = branch.Tokens[at];
                positions[place] = Prefix.Length + at;
                segments[place] = index - start + 1;
                if (states.Length > 0)
                    states[place] = branch.StatesAt + at;
                if (at >= branch.FirstRead)
                    reads.Add(place);
            }
        }
        return new TokenRow(tokens, positions, segments, [.. reads]) { StatesAt = states, SeesWholePrefix = SeesWholePrefix };
    }
}
