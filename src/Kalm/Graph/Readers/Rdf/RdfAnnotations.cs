using System.Runtime.InteropServices;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Gives facts what is said of them, in quoted triples or in statements about statements, once all facts are known.</summary>
/// <param name="graph">The graph.</param>
/// <param name="predicates">Its predicates.</param>
/// <param name="schema">Which nodes are statements about statements.</param>
/// <param name="words">The words of predicates.</param>
internal sealed class RdfAnnotations(GraphBuilder graph, RdfPredicates predicates, RdfSchema schema, RdfWords words) : IRdfSink
{
    private const int Missing = -1;
    private readonly NodeKeys keys = new();
    private readonly Dictionary<string, Parts> statements = new(StringComparer.Ordinal);
    private RdfSource source = null!;
    private bool isCollecting;
    private PlaceCount unstated;

    /// <summary>Reads the files again, for this alone.</summary>
    public void Read(IReadOnlyList<RdfSource> sources)
    {
        // The parts of a statement about a statement may stand behind what is said with it.
        isCollecting = true;
        if (schema.HasStatements)
            Walk(sources);
        isCollecting = false;
        Walk(sources);
        if (unstated.Count > 0)
            graph.Warnings.Add($"{unstated.First}: statements about facts that the graph does not state, or about attributes, left out: "
                + $"{unstated.Count:N0}");
    }

    /// <inheritdoc/>
    public void Take(in RdfStatement statement)
    {
        var predicate = predicates.Of(statement.Predicate);
        if (statement.Subject.Kind == TermKind.Triple)
        {
            if (!isCollecting)
                Add(Of(statement.Subject.Triple!), statement, predicate);
            return;
        }
        var node = keys.Of(statement.Subject);
        if (!schema.IsStatement(node))
            return;
        if (isCollecting)
            Collect(node, statement, predicate.Meaning.Role);
        else if (predicate.Meaning.Subject != Declared.Statement)
            Add(statements.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(node, out var parts) ? parts : default,
                statement, predicate);
    }

    private void Walk(IReadOnlyList<RdfSource> sources)
    {
        foreach (var file in sources)
        {
            source = file;
            keys.Enter(file);
            file.Read(this, (_, _) => { });
        }
    }

    private void Collect(ReadOnlySpan<char> node, in RdfStatement statement, PredicateRole role)
    {
        ref var parts = ref CollectionsMarshal.GetValueRefOrAddDefault(
            statements.GetAlternateLookup<ReadOnlySpan<char>>(), node, out _);
        switch (role)
        {
            case PredicateRole.Subject:
                parts = parts with { Head = IndexOf(statement.Object) };
                break;
            case PredicateRole.Predicate:
                parts = parts with { Relation = RelationOf(statement.Object.Value) };
                break;
            case PredicateRole.Object:
                parts = parts with { Tail = IndexOf(statement.Object) };
                break;
            case PredicateRole.Reifies when statement.Object.Triple is { } triple:
                parts = Of(triple);
                break;
        }
    }

    private Parts Of(StoredTriple triple) => new(
        IndexOf(triple.Subject.Term), RelationOf(triple.Predicate.Value), IndexOf(triple.Object.Term));

    // Counted from 1, so that 0 is what nobody has said.
    private int IndexOf(RdfTerm node) =>
        node.IsNode && graph.Entities.TryFind(keys.Of(node, isObject: true), out var index) ? index + 1 : Missing;

    private int RelationOf(ReadOnlySpan<char> predicate) =>
        graph.Relations.TryFind(KalmIris.RelationOf(predicate), out var index) ? index + 1 : Missing;

    private void Add(Parts parts, in RdfStatement statement, RdfPredicate predicate)
    {
        var value = statement.Object;
        if (predicate.Meaning.Role == PredicateRole.Type && RdfVocabulary.OfType(value.Value) == Declared.Statement)
            return;
        var fact = new Triple(parts.Head - 1, parts.Relation - 1, parts.Tail - 1);
        if (parts is not { Head: > 0, Relation: > 0, Tail: > 0 } || !graph.Holds(fact))
            unstated.Add(new Place(source.File.Shown, statement.Line));
        else if (predicate.Meaning.Role == PredicateRole.Type)
            graph.AddAttribute(fact, "type", words.OfType(value.Value.ToString()));
        else if (value.Kind != TermKind.Triple)
            graph.AddAttribute(fact, words.Of(predicate), (value.IsNode ? keys.Of(value, isObject: true) : value.Value).ToString());
    }

    private readonly record struct Parts(int Head, int Relation, int Tail);
}
