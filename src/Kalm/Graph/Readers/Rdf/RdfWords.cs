namespace Kalm.Graph.Readers.Rdf;

/// <summary>The names and descriptions of what is no entity: predicates and types. They may stand behind what uses them.</summary>
/// <param name="graph">The graph.</param>
/// <param name="predicates">Its predicates.</param>
internal sealed class RdfWords(GraphBuilder graph, RdfPredicates predicates)
{
    private readonly Dictionary<string, (string? Name, int NameRank, string? Text, int TextRank)> known = new(StringComparer.Ordinal);

    /// <summary>Gives an id a name; of several the one of the lowest rank stays, of equal ones the first.</summary>
    public void SetName(string id, string name, int rank)
    {
        var words = known.GetValueOrDefault(id);
        if (words.Name is null || rank < words.NameRank)
            known[id] = words with { Name = name, NameRank = rank };
    }

    /// <summary>Gives an id a description, likewise.</summary>
    public void SetText(string id, string text, int rank)
    {
        var words = known.GetValueOrDefault(id);
        if (words.Text is null || rank < words.TextRank)
            known[id] = words with { Text = text, TextRank = rank };
    }

    /// <summary>Gives predicates the words of the properties that they state.</summary>
    public void Share(IEnumerable<(string Predicate, string Property)> claims)
    {
        foreach (var (predicate, property) in claims)
            if (known.GetValueOrDefault(property) is { Name: { } name, NameRank: var rank })
                SetName(predicate, name, rank);
    }

    /// <summary>The words of a predicate.</summary>
    public string Of(RdfPredicate predicate) => known.GetValueOrDefault(predicate.Iri).Name ?? ReadableId.Words(predicate.Iri);

    /// <summary>The words of a type.</summary>
    public string OfType(string iri) => known.GetValueOrDefault(iri).Name ?? ReadableId.OfIri(iri);

    /// <summary>Gives the relations, and the entities that are types or predicates as well, their words.</summary>
    public void Finish(RdfSchema schema)
    {
        foreach (var predicate in predicates.All)
            if (predicate.Relation >= 0 && known.TryGetValue(predicate.Iri, out var words) && words.Name is not null)
                graph.SetRelationText(predicate.Relation, words.Name, words.NameRank);
        foreach (var (id, words) in known)
        {
            if (!graph.Entities.TryFind(id, out var entity))
                continue;
            if (words.Name is not null)
                graph.SetName(entity, words.Name, words.NameRank);
            if (words.Text is not null)
                graph.SetText(entity, words.Text, words.TextRank);
        }
        foreach (var (property, inverse) in schema.Inverses)
        {
            SetInverse(property, inverse);
            SetInverse(inverse, property);
        }
        foreach (var property in schema.Symmetric)
            if (graph.Relations.TryFind(KalmIris.RelationOf(property), out var relation))
                graph.SetInverseText(relation, graph.Relations.Text(relation) ?? ReadableId.Words(property));
    }

    private void SetInverse(string property, string inverse)
    {
        if (graph.Relations.TryFind(KalmIris.RelationOf(property), out var relation) && known.GetValueOrDefault(inverse).Name is { } name)
            graph.SetInverseText(relation, name);
    }
}
