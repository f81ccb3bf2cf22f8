namespace Kalm.Graph.Readers;

/// <summary>Divides triples into train, valid and test. Usually every entity and relation keeps a triple in train, and all triples of two
/// entities, in whatever order and by whatever relation, stay together, so that no reverse pair gives an answer away. An inductive
/// division keeps entities for valid and for test instead, of which train has no triple.</summary>
internal sealed class TripleDivision
{
    private readonly IReadOnlyList<Triple> triples;
    private readonly SplitShares shares;
    private readonly Split[] split;
    private readonly int[] entityUses;
    private readonly int[] relationUses;

    private TripleDivision(IReadOnlyList<Triple> triples, SplitShares shares)
    {
        (this.triples, this.shares, split) = (triples, shares, new Split[triples.Count]);
        var (entities, relations) = (0, 0);
        foreach (var triple in triples)
            (entities, relations) =
                (Math.Max(entities, Math.Max(triple.Head, triple.Tail) + 1), Math.Max(relations, triple.Relation + 1));
        (entityUses, relationUses) = (new int[entities], new int[relations]);
        foreach (var triple in triples)
            Count(triple, 1);
    }

    /// <summary>Train, valid and test, each in the order of <paramref name="triples"/>; the same for the same seed.</summary>
    public static IReadOnlyList<Triple>[] Of(IReadOnlyList<Triple> triples, SplitShares shares, long seed)
    {
        var division = new TripleDivision(triples, shares);
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        if (shares.IsInductive)
            division.ByEntities(random);
        else
            division.ByPairs(random);
        return [.. Enum.GetValues<Split>().Select(division.Of)];
    }

    private int Wanted(double share) => share > 0 ? Math.Max(1, (int)Math.Round(share * triples.Count)) : 0;

    private Triple[] Of(Split wanted) => [.. triples.Where((_, index) => split[index] == wanted)];

    private void ByPairs(Random random)
    {
        var (places, starts) = GroupedBy(triple =>
            ((ulong)Math.Min(triple.Head, triple.Tail) << 32) | (uint)Math.Max(triple.Head, triple.Tail));
        var groups = Enumerable.Range(0, starts.Length - 1).ToArray();
        random.Shuffle(groups);
        Take(Split.Test, Wanted(shares.Test));
        Take(Split.Valid, Wanted(shares.Valid));

        // Takes whole groups that train can spare until there are as many triples as wanted, and leaves those that would be too many. When
        // every group is larger than that, one of the smallest is taken, because a split of some share should not be empty.
        void Take(Split into, int wanted)
        {
            var (taken, smallest) = (0, -1);
            foreach (var group in groups)
            {
                if (taken >= wanted)
                    return;
                var own = places.AsSpan(starts[group]..starts[group + 1]);
                if (split[own[0]] != Split.Train || !CanSpare(own))
                    continue;
                if (taken + own.Length <= wanted)
                {
                    Move(own, into);
                    taken += own.Length;
                }
                else if (smallest < 0 || own.Length < starts[smallest + 1] - starts[smallest])
                {
                    smallest = group;
                }
            }
            if (taken == 0 && smallest >= 0 && wanted > 0)
                Move(places.AsSpan(starts[smallest]..starts[smallest + 1]), into);
        }
    }

    private void ByEntities(Random random)
    {
        var (places, starts) = ByEntity();
        var entities = Enumerable.Range(0, entityUses.Length).ToArray();
        random.Shuffle(entities);
        Keep(Split.Test, Wanted(shares.Test));
        Keep(Split.Valid, Wanted(shares.Valid));

        // Every triple of an entity that is kept goes with it; entities of more triples than are wanted stay in train.
        void Keep(Split into, int wanted)
        {
            var taken = 0;
            foreach (var entity in entities)
            {
                if (taken >= wanted)
                    return;
                int[] own = [.. places.AsSpan(starts[entity]..starts[entity + 1]).ToArray().Where(place => split[place] == Split.Train)];
                if (own.Length == 0 || own.Length < starts[entity + 1] - starts[entity] || taken + own.Length > wanted
                    || !RelationsCanSpare(own))
                    continue;
                Move(own, into);
                taken += own.Length;
            }
        }
    }

    private bool CanSpare(ReadOnlySpan<int> own)
    {
        // Counted down and up again, since a group may hold an entity or a relation several times.
        foreach (var place in own)
            Count(triples[place], -1);
        var canSpare = true;
        foreach (var place in own)
            canSpare &= relationUses[triples[place].Relation] > 0 && entityUses[triples[place].Head] > 0 && entityUses[triples[place].Tail] > 0;
        foreach (var place in own)
            Count(triples[place], 1);
        return canSpare;
    }

    private bool RelationsCanSpare(int[] own) =>
        own.CountBy(place => triples[place].Relation).All(used => relationUses[used.Key] > used.Value);

    private void Move(ReadOnlySpan<int> own, Split into)
    {
        foreach (var place in own)
        {
            split[place] = into;
            Count(triples[place], -1);
        }
    }

    private void Count(Triple triple, int change)
    {
        entityUses[triple.Head] += change;
        entityUses[triple.Tail] += change;
        relationUses[triple.Relation] += change;
    }

    // The places of triples, those of a key beside each other, in file order; group i lies at [starts[i], starts[i + 1]).
    private (int[] Places, int[] Starts) GroupedBy(Func<Triple, ulong> keyOf)
    {
        var keys = new ulong[triples.Count];
        var places = new int[triples.Count];
        for (var place = 0; place < places.Length; place++)
            (keys[place], places[place]) = (keyOf(triples[place]), place);
        Array.Sort(keys, places);
        var starts = new List<int>();
        for (var index = 0; index < keys.Length; index++)
            if (index == 0 || keys[index] != keys[index - 1])
                starts.Add(index);
        starts.Add(keys.Length);
        for (var group = 0; group < starts.Count - 1; group++)
            places.AsSpan(starts[group]..starts[group + 1]).Sort();
        return (places, [.. starts]);
    }

    private (int[] Places, int[] Starts) ByEntity()
    {
        var starts = new int[entityUses.Length + 1];
        foreach (var triple in triples)
        {
            starts[triple.Head + 1]++;
            if (triple.Tail != triple.Head)
                starts[triple.Tail + 1]++;
        }
        for (var entity = 0; entity < entityUses.Length; entity++)
            starts[entity + 1] += starts[entity];
        var (places, next) = (new int[starts[^1]], starts[..^1]);
        for (var place = 0; place < triples.Count; place++)
        {
            places[next[triples[place].Head]++] = place;
            if (triples[place].Tail != triples[place].Head)
                places[next[triples[place].Tail]++] = place;
        }
        return (places, starts);
    }
}
