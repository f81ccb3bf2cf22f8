namespace Kalm.Graph.Readers;

/// <summary>Divides triples into train, valid and test. All triples of two entities, in whatever order and by whatever relation, stay
/// together, so that no reverse pair gives an answer away; every relation keeps a triple in train.</summary>
internal static class TripleDivision
{
    /// <summary>Train, valid and test, each in the order of <paramref name="triples"/>; the same for the same seed.</summary>
    public static IReadOnlyList<Triple>[] Of(IReadOnlyList<Triple> triples, SplitShares shares, long seed)
    {
        var groups = triples.GroupBy(triple => (Math.Min(triple.Head, triple.Tail), Math.Max(triple.Head, triple.Tail)))
            .Select(group => group.ToArray()).ToArray();
        new Random(unchecked((int)(seed ^ (seed >> 32)))).Shuffle(groups);

        // The first group of each relation stays in train, so that no relation is unknown there.
        var covered = new HashSet<int>();
        var free = new List<Triple[]>();
        foreach (var group in groups)
        {
            if (group.All(triple => covered.Contains(triple.Relation)))
                free.Add(group);
            else
                covered.UnionWith(group.Select(triple => triple.Relation));
        }

        var test = Take(free, Wanted(shares.Test));
        var valid = Take(free, Wanted(shares.Valid));
        return
        [
            [.. triples.Where(triple => !valid.Contains(triple) && !test.Contains(triple))],
            [.. triples.Where(valid.Contains)],
            [.. triples.Where(test.Contains)],
        ];

        int Wanted(double share) => share > 0 ? Math.Max(1, (int)Math.Round(share * triples.Count)) : 0;
    }

    /// <summary>Takes whole groups until there are as many triples as wanted, and leaves those that would be too many. When every group
    /// is larger than what is wanted, one of the smallest is taken, because a split of some share should not be empty.</summary>
    private static HashSet<Triple> Take(List<Triple[]> free, int wanted)
    {
        var taken = new HashSet<Triple>();
        if (wanted == 0 || free.Count == 0)
            return taken;
        var left = new List<Triple[]>(free.Count);
        foreach (var group in free)
        {
            if (taken.Count + group.Length <= wanted)
                taken.UnionWith(group);
            else
                left.Add(group);
        }
        if (taken.Count == 0)
        {
            var smallest = left.MinBy(group => group.Length)!;
            left.Remove(smallest);
            taken.UnionWith(smallest);
        }
        free.Clear();
        free.AddRange(left);
        return taken;
    }
}
