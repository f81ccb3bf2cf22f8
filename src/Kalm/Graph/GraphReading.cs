namespace Kalm.Graph;

/// <summary>How the files of a graph were understood.</summary>
public sealed record GraphReading
{
    /// <summary>What each column of a file, or each kind of thing in it, was taken for.</summary>
    public IReadOnlyList<ColumnUse> Columns { get; init; } = [];

    /// <summary>Files that were not read, and why.</summary>
    public IReadOnlyList<UnreadFile> Unread { get; init; } = [];

    /// <summary>Malformed lines that were passed over because it was asked for, with file, line, found and expected.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];
}

/// <summary>What a column was taken for.</summary>
/// <param name="File">Where the column stands.</param>
/// <param name="Column">Its heading, its number, or a key.</param>
/// <param name="TakenFor">Head, relation, tail, an attribute's name, or what else it holds.</param>
public sealed record ColumnUse(string File, string Column, string TakenFor);

/// <summary>A file beside those that were read.</summary>
/// <param name="File">Its name.</param>
/// <param name="Why">Why it was not read.</param>
public sealed record UnreadFile(string File, string Why);

/// <summary>Something known of an entity or a fact that is no edge: a number, a date, a source.</summary>
/// <param name="Name">What is known.</param>
/// <param name="Value">The value as it stands in the file.</param>
#pragma warning disable CA1711 // The field's word: attributes of nodes and edges.
public sealed record GraphAttribute(string Name, string Value);
#pragma warning restore CA1711

/// <summary>The attributes of the facts that have any.</summary>
public sealed class FactAttributes
{
    private readonly Dictionary<Triple, GraphAttribute[]> attributes = [];
    private GraphAttribute[] single = [];

    /// <summary>Facts with attributes.</summary>
    public int Count => attributes.Count;

    /// <summary>The attributes of a fact; empty where it has none.</summary>
    public IReadOnlyList<GraphAttribute> Of(Triple fact) => attributes.TryGetValue(fact, out var found) ? found : [];

    internal void Add(Triple fact, GraphAttribute attribute)
    {
        if (attributes.TryGetValue(fact, out var known))
        {
            if (!known.Contains(attribute))
                attributes[fact] = [.. known, attribute];
            return;
        }
        // Millions of facts may have one and the same attribute, such as the name of their graph.
        if (single is not [var last] || !ReferenceEquals(last, attribute))
            single = [attribute];
        attributes[fact] = single;
    }
}
