namespace Kalm.Graph.Readers;

/// <summary>The triples of the three splits, each triple once within its split, in file order.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="Valid">To select by.</param>
/// <param name="Test">To report on.</param>
internal sealed record GraphSplits(IReadOnlyList<Triple> Train, IReadOnlyList<Triple> Valid, IReadOnlyList<Triple> Test)
{
    /// <summary>Lines left out because the split holds the triple on an earlier line.</summary>
    public SplitCounts Repeated { get; init; }

    /// <summary>The first few of them, for people.</summary>
    public IReadOnlyList<string> RepeatedLines { get; init; } = [];

    /// <summary>Triples of valid and test that train holds too; they stay.</summary>
    public SplitCounts AlsoInTrain { get; init; }

    /// <summary>What the lists of train, valid and test have collected.</summary>
    public static GraphSplits Of(TripleList[] lists) => new(lists[0].Triples, lists[1].Triples, lists[2].Triples)
    {
        Repeated = new SplitCounts(lists[0].Repeated.Count, lists[1].Repeated.Count, lists[2].Repeated.Count),
        RepeatedLines = [.. lists.SelectMany(list => list.RepeatedLines)],
        AlsoInTrain = new SplitCounts(0, lists[1].AlsoInTrain.Count, lists[2].AlsoInTrain.Count),
    };

    /// <summary>Divides train as the options say; see <see cref="TripleDivision"/>.</summary>
    /// <returns>The splits, and what divides them so again; null where nothing was divided nor asked not to be.</returns>
    /// <exception cref="KalmException">Shares are given, and there is a valid or a test split already.</exception>
    public (GraphSplits Splits, SplitShares? Shares) Divided(GraphOptions options, string path, List<string> warnings) =>
        options.Split is { IsDefault: true } ? DividedByDefault(options.Seed, path, warnings)
        : options.Split is { HoldsOut: true } shares ? (Divided(shares, options.Seed, path, warnings), shares)
        : (this, options.Split);

    private (GraphSplits Splits, SplitShares? Shares) DividedByDefault(long seed, string path, List<string> warnings)
    {
        if (Valid.Count + Test.Count > 0)
            return (this, null);
        var shares = SplitShares.DefaultOf(Train.Count);
        var parts = TripleDivision.Of(Train, shares, seed);
        if (parts[1].Count + parts[2].Count == 0)
        {
            warnings.Add($"{path}: has only train, and nothing is held out: each of its {Train.Count:N0} triples is the only one of an "
                + "entity or a relation");
            return (this, null);
        }
        warnings.Add($"{path}: has only train; held out by seed {seed}: {parts[1].Count:N0} triples for valid and "
            + $"{parts[2].Count:N0} for test, every entity and relation keeps one in train (--split none learns from all)");
        return (this with { Train = parts[0], Valid = parts[1], Test = parts[2] }, shares);
    }

    private GraphSplits Divided(SplitShares shares, long seed, string path, List<string> warnings)
    {
        if (Valid.Count + Test.Count > 0)
            throw new KalmException($"split {shares}: {path} has {Valid.Count:N0} valid and {Test.Count:N0} test triples already; expected "
                + "a graph without them");
        var parts = TripleDivision.Of(Train, shares, seed);
        foreach (var (name, share, part) in new[] { ("valid", shares.Valid, parts[1]), ("test", shares.Test, parts[2]) })
            if (share > 0 && part.Count == 0)
                warnings.Add($"split {shares}: no triple for {name}; the {Train.Count:N0} triples are too few, or train needs "
                    + "each for its entities or its relation");
        return this with { Train = parts[0], Valid = parts[1], Test = parts[2] };
    }
}
