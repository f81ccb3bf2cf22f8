namespace Kalm.Graph.Readers.Rdf;

/// <summary>Makes a graph of statements: facts of those between nodes, attributes of literals, names, descriptions and types. What needs
/// the words of a predicate or a type waits for the end, as numbers.</summary>
/// <param name="graph">Takes what is made.</param>
/// <param name="predicates">The predicates.</param>
/// <param name="schema">Which nodes are no entities.</param>
/// <param name="words">Takes the words of those.</param>
/// <param name="isOntology">Whether classes are the entities, because there are no others.</param>
internal sealed class RdfMapping(
    GraphBuilder graph, RdfPredicates predicates, RdfSchema schema, RdfWords words, bool isOntology) : IRdfSink
{
    private const int MostForeign = 3;
    private readonly NodeKeys keys = new();
    private readonly List<(int Entity, RdfPredicate Predicate, string Value)> attributes = [];
    private readonly List<(string Id, RdfPredicate Predicate, string Value)> attributesOfTerms = [];
    private readonly List<(int Entity, int Type)> types = [];
    private readonly OrderedDictionary<string, int> typeNumbers = new(StringComparer.Ordinal);
    private readonly RdfReport report = new(graph, predicates, schema, words);
    private RdfSource source = null!;

    // The subject of the statement before, which the next one mostly has too.
    private char[] subject = new char[256];
    private int subjectLength = -1;
    private NodeKind subjectKind;
    private int subjectEntity;
    private GraphAttribute? graphName;
    private (string Language, int Rank) language = ("", graph.RankOf(null));

    /// <summary>Reads the files of the graph.</summary>
    public void Read(IReadOnlyList<RdfSource> sources, Action<Place, string> bad)
    {
        graph.NameOfId = NameOf;
        foreach (var file in sources)
        {
            source = file;
            subjectLength = -1;
            keys.Enter(file);
            file.Read(this, bad);
        }
    }

    /// <summary>Reads the files again, with the classes as entities.</summary>
    public RdfMapping OfOntology(IReadOnlyList<RdfSource> sources)
    {
        var mapping = new RdfMapping(graph, predicates, schema, words, isOntology: true);
        mapping.Read(sources, (_, _) => { });
        return mapping;
    }

    /// <inheritdoc/>
    public void Take(in RdfStatement statement)
    {
        var predicate = predicates.Of(statement.Predicate);
        var role = predicate.Meaning.Role;
        if (statement.Subject.Kind == TermKind.Triple)
        {
            report.QuotedIn ??= source.File.Shown;
            return;
        }
        Enter(statement.Subject);
        var isLiteral = statement.Object.Kind == TermKind.Literal;
        if (role is not (PredicateRole.Plain or PredicateRole.Name or PredicateRole.Text) || isLiteral)
            predicate.FirstOther ??= source.File.Shown;
        if (subjectKind is NodeKind.Statement or NodeKind.Other)
            return;
        switch (role)
        {
            case PredicateRole.Type when statement.Object.Kind == TermKind.Iri:
                TakeType(statement.Object.Value);
                break;
            case PredicateRole.Name or PredicateRole.Text when isLiteral:
                TakeWords(statement.Object, predicate.Meaning);
                break;
            case PredicateRole.Plain or PredicateRole.Name or PredicateRole.Text:
                TakeValue(statement, predicate);
                break;
            case PredicateRole.Subclass when isOntology:
                TakeSubclass(statement, predicate);
                break;
        }
    }

    /// <summary>Gives the entities what waited for the words, and says how everything was understood.</summary>
    public void Finish()
    {
        foreach (var (entity, predicate, value) in attributes)
            graph.AddAttribute(entity, words.Of(predicate), value);
        foreach (var (id, predicate, value) in attributesOfTerms)
            if (graph.Entities.TryFind(id, out var entity))
                graph.AddAttribute(entity, words.Of(predicate), value);
        var typeNames = typeNumbers.Keys.Select(words.OfType).ToArray();
        foreach (var (entity, type) in types)
        {
            graph.AddType(entity, typeNames[type]);
            // A node without a name is called by what it is.
            if (graph.Entities.Name(entity) is null && graph.Entities.Id(entity).StartsWith("_:", StringComparison.Ordinal))
                graph.SetName(entity, typeNames[type], int.MaxValue);
        }
        report.Finish(isOntology);
    }

    private void Enter(RdfTerm node)
    {
        var key = keys.Of(node);
        if (subjectLength == key.Length && key.SequenceEqual(subject.AsSpan(0, subjectLength)))
            return;
        if (subject.Length < key.Length)
            subject = new char[2 * key.Length];
        key.CopyTo(subject);
        (subjectLength, subjectEntity) = (key.Length, -1);
        subjectKind = schema.KindOf(key);
        if (isOntology && subjectKind == NodeKind.Class)
            subjectKind = NodeKind.Thing;
    }

    private ReadOnlySpan<char> Subject => subject.AsSpan(0, subjectLength);

    private int Entity() => subjectEntity >= 0 ? subjectEntity : (subjectEntity = graph.Entities.Add(Subject));

    private void TakeType(ReadOnlySpan<char> type)
    {
        if (subjectKind != NodeKind.Thing || RdfVocabulary.OfType(type) != Declared.Nothing)
            return;
        var iri = type.ToString();
        if (!typeNumbers.TryGetValue(iri, out var number))
            typeNumbers.Add(iri, number = typeNumbers.Count);
        types.Add((Entity(), number));
    }

    private void TakeWords(RdfTerm literal, PredicateMeaning meaning)
    {
        if (subjectKind == NodeKind.List)
            return;
        var rank = (RankOf(literal.Language) * RdfVocabulary.Ranks) + meaning.Rank;
        var text = literal.Value.ToString();
        switch (subjectKind, meaning.Role)
        {
            case (NodeKind.Thing, PredicateRole.Name):
                graph.SetName(Entity(), text, rank);
                break;
            case (NodeKind.Thing, _):
                graph.SetText(Entity(), text, rank);
                break;
            case (_, PredicateRole.Name):
                words.SetName(Subject.ToString(), text, rank);
                break;
            default:
                words.SetText(Subject.ToString(), text, rank);
                break;
        }
    }

    private void TakeValue(in RdfStatement statement, RdfPredicate predicate)
    {
        var value = statement.Object;
        if (subjectKind == NodeKind.List)
        {
            TakeOfList(statement, predicate);
        }
        else if (subjectKind is NodeKind.Thing or NodeKind.Term)
        {
            if (value.Kind == TermKind.Literal)
                TakeLiteral(value, predicate);
            else if (value.Kind == TermKind.Triple)
                report.QuotedObjects++;
            else
                TakeNode(keys.Of(value, isObject: true), statement, predicate);
        }
    }

    private void TakeLiteral(RdfTerm literal, RdfPredicate predicate)
    {
        if (RankOf(literal.Language) > MostForeign)
            report.Foreign++;
        else if (subjectKind == NodeKind.Thing)
            attributes.Add((Entity(), predicate, literal.Value.ToString()));
        else
            attributesOfTerms.Add((Subject.ToString(), predicate, literal.Value.ToString()));
    }

    private void TakeNode(ReadOnlySpan<char> node, in RdfStatement statement, RdfPredicate predicate)
    {
        if (schema.IsStatement(node))
        {
            report.StatementObjects++;
        }
        else if (!schema.Lists.Holds(node))
        {
            if (!node.SequenceEqual(RdfNames.Nil))
                Add(Entity(), node, statement, predicate);
        }
        else
        {
            foreach (var member in schema.Lists.Members(node))
                if (member.Node is not null)
                    Add(Entity(), member.Node, statement, predicate);
                else if (member.Literal!.Kind == TermKind.Literal)
                    TakeLiteral(member.Literal.Term, predicate);
        }
    }

    // What is said of a list is said of each of its members that is a node.
    private void TakeOfList(in RdfStatement statement, RdfPredicate predicate)
    {
        if (!statement.Object.IsNode)
            return;
        var value = keys.Of(statement.Object, isObject: true).ToString();
        foreach (var head in schema.Lists.Members(Subject))
            if (head.Node is not null)
                Add(graph.Entities.Add(head.Node), value, statement, predicate);
    }

    private void TakeSubclass(in RdfStatement statement, RdfPredicate predicate)
    {
        if (subjectKind != NodeKind.Thing || !statement.Object.IsNode)
            return;
        var wider = keys.Of(statement.Object, isObject: true);
        if (schema.TryRestriction(wider, out var property, out var filler))
            Add(Entity(), filler, statement, predicates.Of(property));
        else if (statement.Object.Kind == TermKind.Iri)
            Add(Entity(), wider, statement, predicate);
    }

    private void Add(int head, ReadOnlySpan<char> tail, in RdfStatement statement, RdfPredicate predicate)
    {
        if (predicate.Relation < 0)
            predicate.Relation = graph.Relations.Add(KalmIris.RelationOf(predicate.Iri));
        predicate.FirstFact ??= source.File.Shown;
        var fact = new Triple(head, predicate.Relation, graph.Entities.Add(tail));
        graph.Add(source.Split, fact, new Place(source.File.Shown, statement.Line));
        if (statement.Graph.Kind == TermKind.None)
            return;
        report.GraphsIn ??= source.File.Shown;
        var name = keys.Of(statement.Graph);
        if (graphName is null || !name.SequenceEqual(graphName.Value))
            graphName = new GraphAttribute("graph", name.ToString());
        graph.AddAttribute(fact, graphName);
    }

    private int RankOf(ReadOnlySpan<char> tag)
    {
        if (!tag.SequenceEqual(language.Language))
            language = (tag.ToString(), graph.RankOf(tag.ToString()));
        return language.Rank;
    }

    private static string NameOf(string id) => id.StartsWith("_:", StringComparison.Ordinal) ? id[2..] : ReadableId.OfIri(id);
}
