namespace Kalm.Graph.Readers.Rdf;

/// <summary>What a predicate does in a graph.</summary>
internal enum PredicateRole
{
    /// <summary>A fact, where the object is a node; an attribute, where it is a literal.</summary>
    Plain,

    /// <summary>The type of a thing.</summary>
    Type,

    /// <summary>The name of a thing.</summary>
    Name,

    /// <summary>The description of a thing.</summary>
    Text,

    /// <summary>The first member of a list.</summary>
    First,

    /// <summary>The list behind the first member.</summary>
    Rest,

    /// <summary>A member of a container, by its number.</summary>
    Member,

    /// <summary>The subject of a statement that is spoken of.</summary>
    Subject,

    /// <summary>The predicate of a statement that is spoken of.</summary>
    Predicate,

    /// <summary>The object of a statement that is spoken of.</summary>
    Object,

    /// <summary>The triple that a node stands for.</summary>
    Reifies,

    /// <summary>The inverse of a property.</summary>
    Inverse,

    /// <summary>The predicate that a property is stated with; the property itself has the words.</summary>
    Claim,

    /// <summary>The wider class.</summary>
    Subclass,

    /// <summary>The property that a class restricts.</summary>
    Restricted,

    /// <summary>What a class restricts the property to.</summary>
    Filler,

    /// <summary>Another statement of an ontology.</summary>
    Ontology,
}

/// <summary>A predicate of a graph.</summary>
/// <param name="iri">Its IRI.</param>
/// <param name="meaning">What it does.</param>
internal sealed class RdfPredicate(string iri, PredicateMeaning meaning)
{
    /// <summary>Its IRI.</summary>
    public string Iri { get; } = iri;

    /// <summary>What it does.</summary>
    public PredicateMeaning Meaning { get; } = meaning;

    /// <summary>Its index among the graph's relations; -1 while it makes no fact.</summary>
    public int Relation { get; set; } = -1;

    /// <summary>The file that has its first fact; null for none.</summary>
    public string? FirstFact { get; set; }

    /// <summary>The file that has its first literal, or its first statement of another kind; null for none.</summary>
    public string? FirstOther { get; set; }
}

/// <summary>The predicates of a graph.</summary>
internal sealed class RdfPredicates
{
    private readonly Dictionary<string, RdfPredicate> known = new(StringComparer.Ordinal);
    private RdfPredicate? last;

    /// <summary>All of them, in the order in which they come.</summary>
    public IEnumerable<RdfPredicate> All => known.Values;

    /// <summary>The predicate of an IRI, which is added where it is new.</summary>
    public RdfPredicate Of(ReadOnlySpan<char> iri)
    {
        if (last is not null && iri.SequenceEqual(last.Iri))
            return last;
        if (!known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(iri, out var found))
        {
            var made = iri.ToString();
            found = known[made] = new RdfPredicate(made, RdfVocabulary.Of(made));
        }
        return last = found;
    }

    /// <summary>Whether an id is that of a predicate that makes facts or attributes.</summary>
    public bool IsPlain(ReadOnlySpan<char> id) => known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(id, out var found)
        && found.Meaning.Role == PredicateRole.Plain;
}
