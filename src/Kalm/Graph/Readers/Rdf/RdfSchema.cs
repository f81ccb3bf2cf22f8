namespace Kalm.Graph.Readers.Rdf;

/// <summary>What a node is for a graph.</summary>
internal enum NodeKind
{
    /// <summary>An entity.</summary>
    Thing,

    /// <summary>A type or a predicate of things, which nothing declares; an entity as well where facts name it.</summary>
    Term,

    /// <summary>A declared class.</summary>
    Class,

    /// <summary>A declared property.</summary>
    Property,

    /// <summary>Another part of an ontology, or what describes a data set.</summary>
    Other,

    /// <summary>A statement about a statement.</summary>
    Statement,

    /// <summary>A list or a container.</summary>
    List,
}

/// <summary>Collects, before anything is made of them, which nodes of a graph are no entities, and why.</summary>
/// <param name="predicates">The predicates of the graph.</param>
internal sealed class RdfSchema(RdfPredicates predicates) : IRdfSink
{
    private readonly Dictionary<string, Declared> declared = new(StringComparer.Ordinal);
    private readonly HashSet<string> types = new(StringComparer.Ordinal);
    private readonly HashSet<string> statements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string? Property, string? Filler)> restrictions = new(StringComparer.Ordinal);
    private bool hasQuoted;

    /// <summary>The ids of nodes.</summary>
    public NodeKeys Keys { get; } = new();

    /// <summary>The lists.</summary>
    public RdfLists Lists { get; } = new();

    /// <summary>Properties and their inverses.</summary>
    public List<(string Property, string Inverse)> Inverses { get; } = [];

    /// <summary>Predicates, and the properties that have the words for them.</summary>
    public List<(string Predicate, string Property)> Claims { get; } = [];

    /// <summary>Properties that read the same both ways.</summary>
    public List<string> Symmetric { get; } = [];

    /// <summary>Whether there is a class.</summary>
    public bool HasClasses { get; private set; }

    /// <summary>Whether anything is declared, a class, a property or another part of an ontology.</summary>
    public bool HasDeclarations => declared.Count > 0;

    /// <summary>Whether nodes are statements about statements.</summary>
    public bool HasStatements => statements.Count > 0;

    /// <summary>Whether statements are spoken of.</summary>
    public bool HasAnnotations => hasQuoted || HasStatements;

    /// <inheritdoc/>
    public void Take(in RdfStatement statement)
    {
        var meaning = predicates.Of(statement.Predicate).Meaning;
        if (statement.Subject.Kind == TermKind.Triple)
        {
            hasQuoted = true;
            return;
        }
        if (meaning is { Role: PredicateRole.Plain or PredicateRole.Name or PredicateRole.Text })
            return;
        var subject = Keys.Of(statement.Subject);
        if (meaning.Subject is Declared.Class or Declared.Property or Declared.Other)
            Declare(subject, meaning.Subject);
        else if (meaning.Subject == Declared.Statement)
            Add(statements, subject);
        Take(meaning.Role, subject, statement);
    }

    /// <summary>What a node is.</summary>
    /// <param name="node">Its id.</param>
    public NodeKind KindOf(ReadOnlySpan<char> node)
    {
        if (IsStatement(node))
            return NodeKind.Statement;
        if (declared.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(node, out var found))
            return found switch { Declared.Class => NodeKind.Class, Declared.Property => NodeKind.Property, _ => NodeKind.Other };
        return Lists.Holds(node) ? NodeKind.List
            : types.GetAlternateLookup<ReadOnlySpan<char>>().Contains(node) || predicates.IsPlain(node) ? NodeKind.Term : NodeKind.Thing;
    }

    /// <summary>Whether a node is a statement about a statement.</summary>
    public bool IsStatement(ReadOnlySpan<char> node) =>
        statements.Count > 0 && statements.GetAlternateLookup<ReadOnlySpan<char>>().Contains(node);

    /// <summary>The property and the class that a class without a name restricts its members to; false where it does not.</summary>
    public bool TryRestriction(ReadOnlySpan<char> node, out string property, out string filler)
    {
        var isFound = restrictions.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(node, out var found);
        (property, filler) = (found.Property ?? "", found.Filler ?? "");
        return isFound && found is { Property: not null, Filler: not null };
    }

    private void Take(PredicateRole role, ReadOnlySpan<char> subject, in RdfStatement statement)
    {
        var value = statement.Object;
        switch (role)
        {
            case PredicateRole.Type when value.Kind == TermKind.Iri:
                TakeType(subject, value.Value);
                break;
            case PredicateRole.First:
                Lists.SetFirst(subject, Member(value));
                break;
            case PredicateRole.Rest when value.IsNode:
                Lists.SetRest(subject, Keys.Of(value, isObject: true).ToString());
                break;
            case PredicateRole.Member:
                Lists.Add(subject, statement.Predicate[(RdfNames.Rdf.Length + 1)..], Member(value));
                break;
            case PredicateRole.Inverse when value.Kind == TermKind.Iri && statement.Subject.Kind == TermKind.Iri:
                Declare(value.Value, Declared.Property);
                Inverses.Add((subject.ToString(), value.Value.ToString()));
                break;
            case PredicateRole.Claim when value.Kind == TermKind.Iri:
                Claims.Add((value.Value.ToString(), subject.ToString()));
                break;
            case PredicateRole.Subclass when value.Kind == TermKind.Iri:
                Declare(value.Value, Declared.Class);
                break;
            case PredicateRole.Restricted or PredicateRole.Filler when value.Kind == TermKind.Iri:
                Restrict(subject.ToString(), value.Value.ToString(), role == PredicateRole.Restricted);
                break;
        }
    }

    private void TakeType(ReadOnlySpan<char> subject, ReadOnlySpan<char> type)
    {
        var kind = RdfVocabulary.OfType(type);
        if (kind is Declared.Class or Declared.Property or Declared.Other)
            Declare(subject, kind);
        else if (kind == Declared.Statement)
            Add(statements, subject);
        else if (kind == Declared.Nothing)
            Add(types, type);
        if (RdfVocabulary.IsSymmetric(type))
            Symmetric.Add(subject.ToString());
    }

    private ListMember Member(RdfTerm value) =>
        value.IsNode ? new ListMember(Keys.Of(value, isObject: true).ToString(), null) : new ListMember(null, value.Store());

    // What is said more precisely counts, wherever it stands.
    private void Declare(ReadOnlySpan<char> node, Declared kind)
    {
        HasClasses |= kind == Declared.Class;
        var lookup = declared.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(node, out var known) || known == Declared.Other)
            lookup[node] = kind;
    }

    private void Restrict(string node, string iri, bool isProperty)
    {
        var known = restrictions.GetValueOrDefault(node);
        restrictions[node] = isProperty ? (known.Property ?? iri, known.Filler) : (known.Property, known.Filler ?? iri);
    }

    private static void Add(HashSet<string> set, ReadOnlySpan<char> id) => set.GetAlternateLookup<ReadOnlySpan<char>>().Add(id);
}
