namespace Kalm.Graph.Readers;

/// <summary>Collects the triples of a split, each once, and remembers which lines were suspicious.</summary>
internal sealed class TripleList : INumbered<Triple>
{
    private const int LinesShown = 3;
    private readonly TripleList? train;
    private readonly ChunkedList<Triple> triples = new();
    private readonly NumberTable<Triple> numbers;
    private readonly List<string> repeatedLines = [];
    private PlaceCount repeated;
    private PlaceCount alsoInTrain;

    /// <summary>Starts a split.</summary>
    /// <param name="train">The train split while another is read; else null.</param>
    public TripleList(TripleList? train) => (this.train, numbers) = (train, new NumberTable<Triple>(this));

    /// <summary>The triples, each once, in file order.</summary>
    public IReadOnlyList<Triple> Triples => triples;

    /// <summary>The lines that repeat an earlier one.</summary>
    public PlaceCount Repeated => repeated;

    /// <summary>The lines whose triple train holds too.</summary>
    public PlaceCount AlsoInTrain => alsoInTrain;

    /// <summary>The first few repeated lines, for people.</summary>
    public IReadOnlyList<string> RepeatedLines => repeatedLines;

    /// <summary>Adds a triple; false when an earlier line holds it.</summary>
    public bool Add(Triple triple, Place place)
    {
        if (Holds(triple))
        {
            repeated.Add(place);
            return false;
        }
        triples.Add(triple);
        numbers.Add(triples.Count - 1);
        if (train is not null && train.Holds(triple))
            alsoInTrain.Add(place);
        return true;
    }

    /// <summary>Whether the list holds a triple.</summary>
    public bool Holds(Triple triple) => numbers.Find(triple) >= 0;

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

    int INumbered<Triple>.HashOf(Triple key) => Hash(key);

    int INumbered<Triple>.HashOf(int number) => Hash(triples[number]);

    bool INumbered<Triple>.Is(int number, Triple key) => triples[number] == key;

    private static int Hash(Triple triple) => HashCode.Combine(triple.Head, triple.Relation, triple.Tail);
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
