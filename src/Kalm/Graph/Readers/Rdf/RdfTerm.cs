namespace Kalm.Graph.Readers.Rdf;

/// <summary>The kinds of terms.</summary>
internal enum TermKind : byte
{
    /// <summary>No term: the graph of a statement that is in none.</summary>
    None,

    /// <summary>An IRI.</summary>
    Iri,

    /// <summary>A node without a name of its own.</summary>
    Blank,

    /// <summary>A text, with a datatype or a language.</summary>
    Literal,

    /// <summary>A quoted triple.</summary>
    Triple,
}

/// <summary>A term of a statement. Its characters are the parser's and change with the next statement; see <see cref="Store"/>.</summary>
internal readonly ref struct RdfTerm
{
    /// <summary>What kind of term it is.</summary>
    public TermKind Kind { get; private init; }

    /// <summary>The IRI, the blank node's label without "_:", or the literal's text.</summary>
    public ReadOnlySpan<char> Value { get; private init; }

    /// <summary>The IRI of a literal's datatype; empty for xsd:string and where there is a language.</summary>
    public ReadOnlySpan<char> Datatype { get; private init; }

    /// <summary>A literal's language; empty for none.</summary>
    public ReadOnlySpan<char> Language { get; private init; }

    /// <summary>The quoted triple.</summary>
    public StoredTriple? Triple { get; private init; }

    /// <summary>Whether it is an IRI or a blank node.</summary>
    public bool IsNode => Kind is TermKind.Iri or TermKind.Blank;

    /// <summary>An IRI.</summary>
    public static RdfTerm Iri(ReadOnlySpan<char> iri) => new() { Kind = TermKind.Iri, Value = iri };

    /// <summary>A blank node.</summary>
    public static RdfTerm Blank(ReadOnlySpan<char> label) => new() { Kind = TermKind.Blank, Value = label };

    /// <summary>A quoted triple.</summary>
    public static RdfTerm Quoted(StoredTriple triple) => new() { Kind = TermKind.Triple, Triple = triple };

    /// <summary>A literal.</summary>
    public static RdfTerm Literal(ReadOnlySpan<char> text, ReadOnlySpan<char> datatype, ReadOnlySpan<char> language) => new()
    {
        Kind = TermKind.Literal,
        Value = text,
        Datatype = language.IsEmpty && !datatype.SequenceEqual(RdfNames.String) ? datatype : default,
        Language = language,
    };

    /// <summary>A copy that lasts.</summary>
    public StoredTerm Store() => new(Kind, Value.ToString(), Datatype.ToString(), this.Language.ToString(), Triple);
}

/// <summary>A term that lasts.</summary>
internal sealed record StoredTerm(TermKind Kind, string Value, string Datatype = "", string Language = "", StoredTriple? Triple = null)
{
    /// <summary>The term as a statement has it.</summary>
    public RdfTerm Term => Kind switch
    {
        TermKind.Iri => RdfTerm.Iri(Value),
        TermKind.Blank => RdfTerm.Blank(Value),
        TermKind.Literal => RdfTerm.Literal(Value, Datatype, Language),
        TermKind.Triple => RdfTerm.Quoted(Triple!),
        _ => default,
    };

    /// <summary>An IRI.</summary>
    public static StoredTerm Iri(string iri) => new(TermKind.Iri, iri);

    /// <summary>A blank node.</summary>
    public static StoredTerm Blank(string label) => new(TermKind.Blank, label);

    /// <summary>A literal.</summary>
    public static StoredTerm Literal(string text, string datatype = "", string language = "") =>
        new(TermKind.Literal, text, datatype, language);

    /// <summary>A quoted triple.</summary>
    public static StoredTerm Quoted(StoredTerm subject, StoredTerm predicate, StoredTerm value) =>
        new(TermKind.Triple, "", Triple: new StoredTriple(subject, predicate, value));
}

/// <summary>A quoted triple.</summary>
internal sealed record StoredTriple(StoredTerm Subject, StoredTerm Predicate, StoredTerm Object);

/// <summary>A statement, while it is handed over.</summary>
/// <param name="subject">An IRI, a blank node or a quoted triple.</param>
/// <param name="predicate">The predicate's IRI.</param>
/// <param name="value">The object: any term.</param>
/// <param name="graph">The name of the graph it is in; of kind None for the default graph.</param>
/// <param name="line">The line it stands on, counted from 1.</param>
internal readonly ref struct RdfStatement(RdfTerm subject, ReadOnlySpan<char> predicate, RdfTerm value, RdfTerm graph, int line)
{
    /// <summary>An IRI, a blank node or a quoted triple.</summary>
    public RdfTerm Subject { get; } = subject;

    /// <summary>The predicate's IRI.</summary>
    public ReadOnlySpan<char> Predicate { get; } = predicate;

    /// <summary>The object: any term.</summary>
    public RdfTerm Object { get; } = value;

    /// <summary>The name of the graph it is in; of kind None for the default graph.</summary>
    public RdfTerm Graph { get; } = graph;

    /// <summary>The line it stands on, counted from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>Takes the statements of a file, one after another.</summary>
internal interface IRdfSink
{
    /// <summary>Takes a statement, which lasts as long as this call.</summary>
    void Take(in RdfStatement statement);
}
