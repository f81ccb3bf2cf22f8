namespace Kalm.Graph.Readers.Rdf;

/// <summary>What a node is declared as.</summary>
internal enum Declared
{
    /// <summary>Nothing that matters: a thing of some type.</summary>
    Nothing,

    /// <summary>A class.</summary>
    Class,

    /// <summary>A property.</summary>
    Property,

    /// <summary>Something else that an ontology is made of, or what describes a data set.</summary>
    Other,

    /// <summary>A statement that is spoken of.</summary>
    Statement,

    /// <summary>A thing, said without its type.</summary>
    Thing,

    /// <summary>A list or a container.</summary>
    List,
}

/// <summary>What a predicate does, and what it makes of its subject.</summary>
/// <param name="Role">What it does.</param>
/// <param name="Rank">Of several names or descriptions in a language, the one of the lowest rank is taken.</param>
/// <param name="Subject">What its subject is.</param>
internal readonly record struct PredicateMeaning(PredicateRole Role, int Rank = 0, Declared Subject = Declared.Nothing);

/// <summary>The vocabularies that graphs describe their things with.</summary>
internal static class RdfVocabulary
{
    /// <summary>More than any rank among the predicates for one purpose.</summary>
    public const int Ranks = 16;

    private const string Skos = "http://www.w3.org/2004/02/skos/core#";
    private const string Dc = "http://purl.org/dc/elements/1.1/";
    private const string DcTerms = "http://purl.org/dc/terms/";
    private const string Shapes = "http://www.w3.org/ns/shacl#";
    private const string Wikibase = "http://wikiba.se/ontology#";
    private const string DataSets = "http://rdfs.org/ns/void#";

    // In the order in which they are preferred.
    private static readonly string[] Names =
    [
        RdfNames.Rdfs + "label", Skos + "prefLabel", "http://schema.org/name", "https://schema.org/name", "http://xmlns.com/foaf/0.1/name",
        DcTerms + "title", Dc + "title",
    ];

    private static readonly string[] Texts =
    [
        "http://dbpedia.org/ontology/abstract", DcTerms + "abstract", "http://schema.org/description", "https://schema.org/description",
        DcTerms + "description", Dc + "description", Skos + "definition", "http://purl.obolibrary.org/obo/IAO_0000115",
        RdfNames.Rdfs + "comment",
    ];

    private static readonly Dictionary<string, PredicateMeaning> Known = MakeKnown();

    /// <summary>What a predicate does.</summary>
    public static PredicateMeaning Of(string iri)
    {
        if (Known.TryGetValue(iri, out var known))
            return known;
        if (iri.StartsWith(RdfNames.Rdf + "_", StringComparison.Ordinal) && iri.AsSpan(RdfNames.Rdf.Length + 1).ContainsAnyInRange('0', '9')
            && !iri.AsSpan(RdfNames.Rdf.Length + 1).ContainsAnyExceptInRange('0', '9'))
            return new PredicateMeaning(PredicateRole.Member, Subject: Declared.List);
        return iri.StartsWith(RdfNames.Owl, StringComparison.Ordinal) || iri.StartsWith(Shapes, StringComparison.Ordinal)
            ? new PredicateMeaning(PredicateRole.Ontology) : default;
    }

    /// <summary>What a thing of a type is declared as; Nothing for types of things.</summary>
    public static Declared OfType(ReadOnlySpan<char> iri)
    {
        if (iri.StartsWith(RdfNames.Rdf))
            return iri[RdfNames.Rdf.Length..] switch
            {
                "Property" => Declared.Property,
                "Statement" => Declared.Statement,
                "List" or "Bag" or "Seq" or "Alt" => Declared.List,
                _ => Declared.Nothing,
            };
        if (iri.StartsWith(RdfNames.Rdfs))
            return iri[RdfNames.Rdfs.Length..] switch
            {
                "Class" or "Datatype" => Declared.Class,
                "ContainerMembershipProperty" => Declared.Property,
                "Resource" => Declared.Thing,
                _ => Declared.Nothing,
            };
        if (iri.StartsWith(RdfNames.Owl))
            return iri[RdfNames.Owl.Length..] switch
            {
                "Thing" or "NamedIndividual" => Declared.Thing,
                "Class" or "DeprecatedClass" or "DataRange" => Declared.Class,
                "Axiom" or "Annotation" => Declared.Statement,
                var name => name.EndsWith("Property") ? Declared.Property : Declared.Other,
            };
        return iri.StartsWith(Shapes) || iri.StartsWith(DataSets) ? Declared.Other : Declared.Nothing;
    }

    /// <summary>Whether a type says that a property reads the same both ways.</summary>
    public static bool IsSymmetric(ReadOnlySpan<char> type) => type.SequenceEqual(RdfNames.Owl + "SymmetricProperty");

    private static Dictionary<string, PredicateMeaning> MakeKnown()
    {
        var known = new Dictionary<string, PredicateMeaning>(StringComparer.Ordinal);
        foreach (var (rank, name) in Names.Index())
            known[name] = new PredicateMeaning(PredicateRole.Name, rank);
        foreach (var (rank, text) in Texts.Index())
            known[text] = new PredicateMeaning(PredicateRole.Text, rank);
        Add(RdfNames.Rdf, PredicateRole.Type, Declared.Nothing, "type");
        Add(RdfNames.Rdf, PredicateRole.First, Declared.List, "first");
        Add(RdfNames.Rdf, PredicateRole.Rest, Declared.List, "rest");
        Add(RdfNames.Rdf, PredicateRole.Subject, Declared.Statement, "subject");
        Add(RdfNames.Rdf, PredicateRole.Predicate, Declared.Statement, "predicate");
        Add(RdfNames.Rdf, PredicateRole.Object, Declared.Statement, "object");
        Add(RdfNames.Rdf, PredicateRole.Reifies, Declared.Statement, "reifies");
        Add(RdfNames.Owl, PredicateRole.Subject, Declared.Statement, "annotatedSource");
        Add(RdfNames.Owl, PredicateRole.Predicate, Declared.Statement, "annotatedProperty");
        Add(RdfNames.Owl, PredicateRole.Object, Declared.Statement, "annotatedTarget");
        Add(RdfNames.Owl, PredicateRole.Plain, Declared.Nothing, "sameAs", "differentFrom");
        Add(RdfNames.Owl, PredicateRole.Inverse, Declared.Property, "inverseOf");
        Add(RdfNames.Owl, PredicateRole.Restricted, Declared.Other, "onProperty");
        Add(RdfNames.Owl, PredicateRole.Filler, Declared.Other, "someValuesFrom", "hasValue");
        Add(RdfNames.Owl, PredicateRole.Ontology, Declared.Class, "equivalentClass", "disjointWith", "disjointUnionOf", "hasKey");
        Add(RdfNames.Owl, PredicateRole.Ontology, Declared.Property,
            "equivalentProperty", "propertyDisjointWith", "propertyChainAxiom");
        Add(RdfNames.Owl, PredicateRole.Ontology, Declared.Other, "imports");
        // Wikidata labels a property's page, and states facts with predicates of other names.
        Add(Wikibase, PredicateRole.Claim, Declared.Property, "directClaim", "claim", "statementProperty", "qualifier", "reference");
        Add(RdfNames.Rdfs, PredicateRole.Subclass, Declared.Class, "subClassOf");
        Add(RdfNames.Rdfs, PredicateRole.Ontology, Declared.Property, "subPropertyOf", "domain", "range");
        Add(RdfNames.Rdfs, PredicateRole.Ontology, Declared.Nothing, "isDefinedBy");
        return known;

        void Add(string space, PredicateRole role, Declared subject, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
                known[space + name] = new PredicateMeaning(role, Subject: subject);
        }
    }
}
