namespace Kalm.Graph;

/// <summary>The triples of the three splits, each triple once within its split, in file order.</summary>
internal sealed class GraphSplits
{
    private static readonly string[] FieldNames = ["head id", "relation", "tail id"];

    private GraphSplits(Split train, Split valid, Split test)
    {
        Train = train.Triples;
        Valid = valid.Triples;
        Test = test.Triples;
        Repeated = new SplitCounts(train.Repeated, valid.Repeated, test.Repeated);
        AlsoInTrain = new SplitCounts(0, valid.AlsoInTrain, test.AlsoInTrain);
    }

    public Triple[] Train { get; }

    public Triple[] Valid { get; }

    public Triple[] Test { get; }

    /// <summary>Lines left out because the split holds the triple on an earlier line.</summary>
    public SplitCounts Repeated { get; }

    /// <summary>Triples of valid and test that train holds too; they stay.</summary>
    public SplitCounts AlsoInTrain { get; }

    /// <summary>Reads the splits of a folder; valid and test may be absent. Adds to the warnings what is legal but suspicious.</summary>
    public static GraphSplits Read(string folder, SplitFiles files, IdTable entities, IdTable relations, List<string> warnings)
    {
        var reader = new Reader(entities, relations, warnings);
        var train = reader.Read(TextFile.Read(folder, files.Train), train: null);
        if (train.Triples.Length == 0)
            throw new KalmException($"{files.Train}: no triples; expected lines of {string.Join(", ", FieldNames)} separated by tabs");
        var known = new HashSet<Triple>(train.Triples);
        var valid = reader.Read(TextFile.ReadIfPresent(folder, files.Valid), known);
        var test = reader.Read(TextFile.ReadIfPresent(folder, files.Test), known);
        return new GraphSplits(train, valid, test);
    }

    private sealed record Split(Triple[] Triples, int Repeated, int AlsoInTrain);

    private sealed class Reader(IdTable entities, IdTable relations, List<string> warnings)
    {
        public Split Read(TextFile? file, HashSet<Triple>? train)
        {
            if (file is null)
                return new Split([], 0, 0);
            var lines = file.CountLines();
            var triples = new List<Triple>(lines);
            var seen = new HashSet<Triple>(lines);
            var repeated = new LineCount();
            var alsoInTrain = new LineCount();
            Span<Range> fields = stackalloc Range[3];
            foreach (var line in file)
            {
                line.Fields(FieldNames, fields);
                var triple = new Triple(
                    entities.Find(line.Text[fields[0]], line),
                    relations.Find(line.Text[fields[1]], line),
                    entities.Find(line.Text[fields[2]], line));
                if (!seen.Add(triple))
                {
                    repeated.Add(line.Number);
                    continue;
                }
                triples.Add(triple);
                if (train is not null && train.Contains(triple))
                    alsoInTrain.Add(line.Number);
            }
            if (repeated.Count > 0)
                warnings.Add($"{file.Name}({repeated.First}): repeated triples, each kept once: {repeated.Count:N0} lines left out");
            if (alsoInTrain.Count > 0)
                warnings.Add($"{file.Name}({alsoInTrain.First}): triples that train holds too: {alsoInTrain.Count:N0}");
            return new Split([.. triples], repeated.Count, alsoInTrain.Count);
        }
    }

    /// <summary>Counts lines and remembers the first, so that a warning can point at it.</summary>
    private struct LineCount
    {
        public int Count;
        public int First;

        public void Add(int line)
        {
            if (Count++ == 0)
                First = line;
        }
    }
}

/// <summary>What a layout calls the files of its splits.</summary>
internal sealed record SplitFiles(string Train, string Valid, string Test);
