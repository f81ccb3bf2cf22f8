namespace Kalm.Graph;

/// <summary>The ids of the entities, or of the relations, in index order, each with the text found for it, if any.
/// A text may still be missing while the triples are read, so that the fault can name the triple that needs it.</summary>
internal sealed class IdTable
{
    private const int NamedInFull = 12;

    private readonly Dictionary<string, int> indices;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> indicesBySpan;
    private readonly string[] ids;
    private readonly string?[] texts;

    /// <param name="kind">"entity" or "relation".</param>
    /// <param name="listedIn">The file that lists the ids.</param>
    /// <param name="textsIn">The file that holds the texts.</param>
    /// <param name="ids">The ids, all different.</param>
    /// <param name="texts">The texts, as many as ids; null where there is none.</param>
    public IdTable(string kind, string listedIn, string textsIn, string[] ids, string?[] texts)
    {
        Kind = kind;
        ListedIn = listedIn;
        TextsIn = textsIn;
        this.ids = ids;
        this.texts = texts;
        indices = new Dictionary<string, int>(ids.Length, StringComparer.Ordinal);
        for (var index = 0; index < ids.Length; index++)
            indices.Add(ids[index], index);
        indicesBySpan = indices.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Kind { get; }

    public string ListedIn { get; }

    public string TextsIn { get; }

    public int Count => ids.Length;

    public string Id(int index) => ids[index];

    /// <summary>The text of an index; only after <see cref="RequireEveryText"/>.</summary>
    public string Text(int index) => texts[index]!;

    /// <summary>The index of an id that the user typed.</summary>
    public int Find(string id) => indices.TryGetValue(id, out var index) ? index : throw new KalmException(Unknown(id));

    /// <summary>The index of an id that stands on a line of a split; it must have a text.</summary>
    public int Find(ReadOnlySpan<char> id, TextFile.Line line)
    {
        if (!indicesBySpan.TryGetValue(id, out var index))
            throw line.Fault(Unknown(id.ToString()));
        if (texts[index] is null)
            throw line.Fault($"{Kind} '{id}' has no text; expected one in {TextsIn}");
        return index;
    }

    /// <summary>Fails when an id has no text, also one that no triple uses: it would be a candidate that cannot be encoded.</summary>
    public void RequireEveryText()
    {
        var missing = Array.FindIndex(texts, text => text is null);
        if (missing >= 0)
            throw new KalmException($"{TextsIn}: no text for {Kind} '{ids[missing]}' (index {missing}); " +
                $"expected one for each of the {Count} in {ListedIn}");
    }

    private string Unknown(string id)
    {
        if (Suggestion.Nearest(id, ids) is { } nearest)
            return $"unknown {Kind} '{id}'; did you mean '{nearest}'?";
        var expected = Count <= NamedInFull ? $"one of {string.Join(", ", ids)}" : $"one of the {Count:N0} ids in {ListedIn}";
        return $"unknown {Kind} '{id}'; expected {expected}";
    }
}
