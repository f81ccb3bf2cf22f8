namespace Kalm.Graph.Readers;

/// <summary>The ids of the entities, or of the relations, in index order, each with what was found of it.</summary>
internal sealed class IdTable : INumbered<ReadOnlySpan<char>>
{
    private const int NamedInFull = 12;
    private readonly string kind;
    private readonly List<string> ids = [];
    private readonly List<string?> texts = [];
    private readonly List<string?> names = [];
    private readonly List<(int Name, int Text)> ranks = [];
    private readonly NumberTable<ReadOnlySpan<char>> indices;

    /// <summary>Starts a table.</summary>
    /// <param name="kind">"entity" or "relation".</param>
    public IdTable(string kind) => (this.kind, indices) = (kind, new NumberTable<ReadOnlySpan<char>>(this));

    /// <summary>The file that lists the ids, where they are no others than those; null while new ones may come.</summary>
    public string? ListedIn { get; set; }

    /// <summary>Where the texts stand, as messages show it.</summary>
    public string TextsIn { get; set; } = "";

    /// <summary>Whether every id of a triple must have a text.</summary>
    public bool NeedsText { get; set; }

    /// <summary>How many ids there are.</summary>
    public int Count => ids.Count;

    /// <summary>The ids.</summary>
    public IReadOnlyList<string> Ids => ids;

    /// <summary>The index of an id, which is added where it is new.</summary>
    public int Add(ReadOnlySpan<char> id) => TryFind(id, out var known) ? known : AddNew(id.ToString());

    /// <summary>The index of an id, likewise.</summary>
    public int Add(string id) => TryFind(id, out var known) ? known : AddNew(id);

    /// <summary>Adds a list of ids in its order, all different.</summary>
    /// <param name="all">The ids.</param>
    /// <param name="file">The file that lists them.</param>
    public void AddAll(IReadOnlyList<string> all, string file)
    {
        foreach (var id in all)
            Add(id);
        ListedIn = file;
    }

    /// <summary>Whether there is an id, and its index.</summary>
    public bool TryFind(ReadOnlySpan<char> id, out int index) => (index = indices.Find(id)) >= 0;

    /// <summary>The index of an id that the user typed.</summary>
    /// <exception cref="KalmException">There is no such id.</exception>
    public int Find(string id) => TryFind(id, out var index) ? index : throw new KalmException(Unknown(id));

    /// <summary>The index of an id in a triple; added where new ones may come.</summary>
    /// <param name="id">The id.</param>
    /// <param name="problem">What is wrong with it; null where nothing is.</param>
    public int FindOrAdd(ReadOnlySpan<char> id, out string? problem)
    {
        problem = null;
        if (ListedIn is null)
            return Add(id);
        if (!TryFind(id, out var index))
            problem = Unknown(id.ToString());
        else if (NeedsText && texts[index] is null)
            problem = $"{kind} '{id}' has no text; expected one in {TextsIn}";
        return index;
    }

    /// <summary>The id of an index.</summary>
    public string Id(int index) => ids[index];

    /// <summary>The text of an index; null where none was found.</summary>
    public string? Text(int index) => texts[index];

    /// <summary>The name of an index; null where none was found.</summary>
    public string? Name(int index) => names[index];

    /// <summary>Gives an index a text; of several the one of the lowest rank stays, of equal ones the first.</summary>
    public void SetText(int index, string text, int rank = 0)
    {
        var known = ranks[index];
        if (texts[index] is not null && rank >= known.Text)
            return;
        (texts[index], ranks[index]) = (text, known with { Text = rank });
    }

    /// <summary>Gives an index a name; of several the one of the lowest rank stays, of equal ones the first.</summary>
    public void SetName(int index, string name, int rank = 0)
    {
        var known = ranks[index];
        if (names[index] is not null && rank >= known.Name)
            return;
        (names[index], ranks[index]) = (name, known with { Name = rank });
    }

    /// <summary>Fails when an id has no text though every one needs it, also one that no triple uses: it would be a candidate that cannot
    /// be encoded.</summary>
    public void RequireEveryText()
    {
        if (!NeedsText)
            return;
        var missing = texts.FindIndex(text => text is null);
        if (missing >= 0)
            throw new KalmException($"{TextsIn}: no text for {kind} '{ids[missing]}' (index {missing}); " +
                $"expected one for each of the {Count} in {ListedIn}");
    }

    int INumbered<ReadOnlySpan<char>>.HashOf(ReadOnlySpan<char> key) => string.GetHashCode(key);

    int INumbered<ReadOnlySpan<char>>.HashOf(int number) => string.GetHashCode(ids[number]);

    bool INumbered<ReadOnlySpan<char>>.Is(int number, ReadOnlySpan<char> key) => key.SequenceEqual(ids[number]);

    private int AddNew(string id)
    {
        ids.Add(id);
        texts.Add(null);
        names.Add(null);
        ranks.Add(default);
        indices.Add(ids.Count - 1);
        return ids.Count - 1;
    }

    private string Unknown(string id)
    {
        if (Suggestion.Nearest(id, ids) is { } nearest)
            return $"unknown {kind} '{id}'; did you mean '{nearest}'?";
        var expected = Count <= NamedInFull ? $"one of {string.Join(", ", ids)}" : $"one of the {Count:N0} ids in {ListedIn}";
        return $"unknown {kind} '{id}'; expected {expected}";
    }
}
