namespace Kalm.Graph.Readers;

/// <summary>Collects the triples of a split, each once, and remembers which lines were suspicious.</summary>
/// <param name="train">The train split while another is read; else null.</param>
internal sealed class TripleList(TripleList? train)
{
    private const int LinesShown = 3;
    private readonly HashSet<Triple> seen = [];
    private readonly List<Triple> triples = [];
    private readonly List<string> repeatedLines = [];
    private PlaceCount repeated;
    private PlaceCount alsoInTrain;

    /// <summary>The triples, each once, in file order.</summary>
    public List<Triple> Triples => triples;

    /// <summary>The lines that repeat an earlier one.</summary>
    public PlaceCount Repeated => repeated;

    /// <summary>The lines whose triple train holds too.</summary>
    public PlaceCount AlsoInTrain => alsoInTrain;

    /// <summary>The first few repeated lines, for people.</summary>
    public IReadOnlyList<string> RepeatedLines => repeatedLines;

    /// <summary>Adds a triple; false when an earlier line holds it.</summary>
    public bool Add(Triple triple, Place place)
    {
        if (!seen.Add(triple))
        {
            repeated.Add(place);
            return false;
        }
        triples.Add(triple);
        if (train is not null && train.seen.Contains(triple))
            alsoInTrain.Add(place);
        return true;
    }

    /// <summary>Whether the list holds a triple.</summary>
    public bool Holds(Triple triple) => seen.Contains(triple);

    /// <summary>Keeps a repeated line to show; only the first few are kept.</summary>
    public void NoteRepeated(string head, string relation, string tail, Place place)
    {
        if (repeatedLines.Count < LinesShown)
            repeatedLines.Add($"{place}: ({head}, {relation}, {tail})");
    }

    /// <summary>Adds to the warnings what is legal but suspicious.</summary>
    public void Warn(List<string> warnings)
    {
        if (repeated.Count > 0)
            warnings.Add($"{repeated.First}: repeated triples, each kept once: {repeated.Count:N0} lines left out");
        if (alsoInTrain.Count > 0)
            warnings.Add($"{alsoInTrain.First}: triples that train holds too: {alsoInTrain.Count:N0}");
    }
}

/// <summary>Counts places and remembers the first, so that a warning can point at it.</summary>
internal struct PlaceCount
{
    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>The first.</summary>
    public Place First { get; private set; }

    /// <summary>Counts a place.</summary>
    public void Add(Place place)
    {
        if (Count++ == 0)
            First = place;
    }
}
