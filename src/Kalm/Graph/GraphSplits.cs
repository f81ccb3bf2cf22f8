namespace Kalm.Graph;

/// <summary>The triples of the three splits, each triple once within its split, in file order.</summary>
internal sealed class GraphSplits
{
    private static readonly string[] FieldNames = ["head id", "relation", "tail id"];

    private GraphSplits(TripleList train, TripleList valid, TripleList test)
    {
        Train = [.. train.Triples];
        Valid = [.. valid.Triples];
        Test = [.. test.Triples];
        Repeated = new SplitCounts(train.Repeated.Count, valid.Repeated.Count, test.Repeated.Count);
        RepeatedLines = [.. train.RepeatedLines, .. valid.RepeatedLines, .. test.RepeatedLines];
        AlsoInTrain = new SplitCounts(0, valid.AlsoInTrain.Count, test.AlsoInTrain.Count);
    }

    private GraphSplits(GraphSplits whole, IReadOnlyList<Triple>[] parts)
    {
        (Train, Valid, Test) = (parts[0], parts[1], parts[2]);
        Repeated = whole.Repeated;
        RepeatedLines = whole.RepeatedLines;
    }

    public IReadOnlyList<Triple> Train { get; }

    public IReadOnlyList<Triple> Valid { get; }

    public IReadOnlyList<Triple> Test { get; }

    /// <summary>Lines left out because the split holds the triple on an earlier line.</summary>
    public SplitCounts Repeated { get; }

    /// <summary>The first few of them, for people.</summary>
    public IReadOnlyList<string> RepeatedLines { get; }

    /// <summary>Triples of valid and test that train holds too; they stay.</summary>
    public SplitCounts AlsoInTrain { get; }

    /// <summary>Reads the splits of a folder; valid and test may be absent. Adds to the warnings what is legal but suspicious.</summary>
    public static GraphSplits Read(string folder, SplitFiles files, IdTable entities, IdTable relations, List<string> warnings)
    {
        var train = Read(TextFile.Read(folder, files.Train), null);
        if (train.Triples.Count == 0)
            throw new KalmException($"{files.Train}: no triples; expected lines of {string.Join(", ", FieldNames)} separated by tabs");
        var known = new HashSet<Triple>(train.Triples);
        var valid = Read(TextFile.ReadIfPresent(folder, files.Valid), known);
        var test = Read(TextFile.ReadIfPresent(folder, files.Test), known);
        return new GraphSplits(train, valid, test);

        TripleList Read(TextFile? file, HashSet<Triple>? inTrain)
        {
            if (file is null)
                return new TripleList("", 0, null);
            var triples = new TripleList(file.Name, file.CountLines(), inTrain);
            Span<Range> fields = stackalloc Range[3];
            foreach (var line in file)
            {
                line.Fields(FieldNames, fields);
                var triple = new Triple(
                    entities.Find(line.Text[fields[0]], line),
                    relations.Find(line.Text[fields[1]], line),
                    entities.Find(line.Text[fields[2]], line));
                if (!triples.Add(triple, line.Number))
                    triples.NoteRepeated(entities.Id(triple.Head), relations.Id(triple.Relation), entities.Id(triple.Tail), line.Number);
            }
            triples.Warn(warnings);
            return triples;
        }
    }

    /// <summary>A graph whose triples are all in train.</summary>
    public static GraphSplits OfTrain(TripleList train) => new(train, new TripleList("", 0, null), new TripleList("", 0, null));

    /// <summary>Divides train; see <see cref="TripleDivision"/>.</summary>
    /// <exception cref="KalmException">There is a valid or a test split already.</exception>
    public GraphSplits Divide(SplitShares shares, long seed, string path, List<string> warnings)
    {
        if (Valid.Count + Test.Count > 0)
            throw new KalmException($"split {shares}: {path} has {Valid.Count:N0} valid and {Test.Count:N0} test triples already; expected "
                + "a graph without them");
        var parts = TripleDivision.Of(Train, shares, seed);
        foreach (var (name, share, part) in new[] { ("valid", shares.Valid, parts[1]), ("test", shares.Test, parts[2]) })
            if (share > 0 && part.Count == 0)
                warnings.Add($"split {shares}: no triple for {name}; the {Train.Count:N0} triples are too few, or train needs "
                    + "each for its relation");
        return new GraphSplits(this, parts);
    }
}

/// <summary>What a layout calls the files of its splits.</summary>
internal sealed record SplitFiles(string Train, string Valid, string Test);
