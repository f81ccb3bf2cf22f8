namespace Kalm.Graph;

/// <summary>Collects the triples of one file, each once, and remembers which lines were suspicious.</summary>
/// <param name="file">The file's name, as warnings show it.</param>
/// <param name="capacity">About how many triples there are.</param>
/// <param name="train">The triples of train while another split is read; else null.</param>
internal sealed class TripleList(string file, int capacity, HashSet<Triple>? train)
{
    private const int LinesShown = 3;
    private readonly HashSet<Triple> seen = new(capacity);
    private readonly List<Triple> triples = new(capacity);
    private readonly List<string> repeatedLines = [];
    private LineCount repeated;
    private LineCount alsoInTrain;

    /// <summary>The triples, each once, in file order.</summary>
    public IReadOnlyList<Triple> Triples => triples;

    /// <summary>The lines that repeat an earlier one.</summary>
    public LineCount Repeated => repeated;

    /// <summary>The lines whose triple train holds too.</summary>
    public LineCount AlsoInTrain => alsoInTrain;

    /// <summary>The first few repeated lines, for people.</summary>
    public IReadOnlyList<string> RepeatedLines => repeatedLines;

    /// <summary>Adds a triple; false when an earlier line holds it.</summary>
    public bool Add(Triple triple, int line)
    {
        if (!seen.Add(triple))
        {
            repeated.Add(line);
            return false;
        }
        triples.Add(triple);
        if (train is not null && train.Contains(triple))
            alsoInTrain.Add(line);
        return true;
    }

    /// <summary>Keeps a repeated line to show; only the first few are kept.</summary>
    public void NoteRepeated(string head, string relation, string tail, int line)
    {
        if (repeatedLines.Count < LinesShown)
            repeatedLines.Add($"{file}({line}): ({head}, {relation}, {tail})");
    }

    /// <summary>Adds to the warnings what is legal but suspicious.</summary>
    public void Warn(List<string> warnings)
    {
        if (repeated.Count > 0)
            warnings.Add($"{file}({repeated.First}): repeated triples, each kept once: {repeated.Count:N0} lines left out");
        if (alsoInTrain.Count > 0)
            warnings.Add($"{file}({alsoInTrain.First}): triples that train holds too: {alsoInTrain.Count:N0}");
    }
}

/// <summary>Counts lines and remembers the first, so that a warning can point at it.</summary>
internal struct LineCount
{
    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>The first, counted from 1; 0 when there is none.</summary>
    public int First { get; private set; }

    /// <summary>Counts a line.</summary>
    public void Add(int line)
    {
        if (Count++ == 0)
            First = line;
    }
}
