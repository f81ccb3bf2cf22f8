namespace Kalm.Language.Tokenization.Models;

/// <summary>One merge: token <paramref name="Left"/> followed by token <paramref name="Right"/> becomes token
/// <paramref name="Result"/>.</summary>
internal readonly record struct Merge(int Left, int Right, int Result);

/// <summary>The merges of a byte-pair encoding (Sennrich et al. 2016), in the order in which they were learned: the rank of a merge is its
/// place in the table, or follows from its piece's score in SentencePiece.</summary>
internal sealed class MergeTable
{
    private const int Gone = -1;

    private readonly Dictionary<long, (int Rank, int Result)> _byPair;

    /// <summary>Builds the table; of two merges of the same pair the later one counts, as in Hugging Face tokenizers.</summary>
    public MergeTable(IReadOnlyList<Merge> merges) : this(merges, (_, index) => index) { }

    /// <summary>Builds a table in which merges may share a rank.</summary>
    /// <param name="merges">The merges, those of lower rank first.</param>
    /// <param name="rankOf">The rank of a merge, from the merge and its index.</param>
    public MergeTable(IReadOnlyList<Merge> merges, Func<Merge, int, int> rankOf)
    {
        Merges = merges;
        _byPair = new(merges.Count);
        for (var index = 0; index < merges.Count; index++)
            _byPair[PairKey(merges[index].Left, merges[index].Right)] = (rankOf(merges[index], index), merges[index].Result);
    }

    /// <summary>The merges, lowest rank first.</summary>
    public IReadOnlyList<Merge> Merges { get; }

    /// <summary>A pair of tokens as one number; pairs sort by the left token, then by the right one.</summary>
    public static long PairKey(int left, int right) => ((long)left << 32) | (uint)right;

    /// <summary>Merges the symbols of one word in place until no merge applies: always the merge of the lowest rank, the leftmost on ties.
    /// Returns how many tokens remain, at the front of <paramref name="symbols"/>. Takes n log n steps, so that a word of a million
    /// letters does no harm.</summary>
    public int Apply(Span<int> symbols)
    {
        var count = symbols.Length;
        if (count < 2)
            return count;

        // A linked list of the symbols that are left, and a queue of possible merges ordered by rank and then position.
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<Candidate, long>(count);
        for (var i = 0; i < count; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        for (var i = 0; i + 1 < count; i++)
            Offer(queue, symbols, i, i + 1);

        while (queue.TryDequeue(out var candidate, out _))
        {
            var left = candidate.Position;
            var right = next[left];
            // The symbols may have been merged with others since this merge was put in the queue.
            if (symbols[left] != candidate.Merge.Left || right == count || symbols[right] != candidate.Merge.Right)
                continue;

            symbols[left] = candidate.Merge.Result;
            symbols[right] = Gone;
            next[left] = next[right];
            if (next[left] < count)
            {
                previous[next[left]] = left;
                Offer(queue, symbols, left, next[left]);
            }
            if (previous[left] >= 0)
                Offer(queue, symbols, previous[left], left);
        }
        return MoveToFront(symbols);
    }

    private void Offer(PriorityQueue<Candidate, long> queue, ReadOnlySpan<int> symbols, int left, int right)
    {
        if (_byPair.TryGetValue(PairKey(symbols[left], symbols[right]), out var merge))
            queue.Enqueue(new(left, new(symbols[left], symbols[right], merge.Result)), ((long)merge.Rank << 32) | (uint)left);
    }

    private static int MoveToFront(Span<int> symbols)
    {
        var kept = 0;
        foreach (var symbol in symbols)
            if (symbol != Gone)
                symbols[kept++] = symbol;
        return kept;
    }

    private readonly record struct Candidate(int Position, Merge Merge);
}
