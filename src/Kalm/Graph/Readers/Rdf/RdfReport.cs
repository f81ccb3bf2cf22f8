namespace Kalm.Graph.Readers.Rdf;

/// <summary>Says how the statements of a graph were understood, and what was left out.</summary>
/// <param name="graph">The graph.</param>
/// <param name="predicates">Its predicates.</param>
/// <param name="schema">What was declared.</param>
/// <param name="words">The words of predicates.</param>
internal sealed class RdfReport(GraphBuilder graph, RdfPredicates predicates, RdfSchema schema, RdfWords words)
{
    private const int MostShown = 200;

    /// <summary>The file of the first quoted triple; null for none.</summary>
    public string? QuotedIn { get; set; }

    /// <summary>The file of the first fact in a named graph; null for none.</summary>
    public string? GraphsIn { get; set; }

    /// <summary>Texts of entities in languages that nobody asked for.</summary>
    public int Foreign { get; set; }

    /// <summary>Statements whose object is a quoted triple.</summary>
    public int QuotedObjects { get; set; }

    /// <summary>Statements whose object is a statement about a statement.</summary>
    public int StatementObjects { get; set; }

    /// <summary>Tells it.</summary>
    /// <param name="isOntology">Whether classes are the entities.</param>
    public void Finish(bool isOntology)
    {
        var shown = 0;
        foreach (var predicate in predicates.All)
        {
            if (predicate.FirstFact is { } file && shown++ < MostShown)
                graph.Used(file, predicate.Iri, $"relation '{words.Of(predicate)}'");
            if (predicate.FirstOther is { } other && TakenFor(predicate) is { } use && shown++ < MostShown)
                graph.Used(other, predicate.Iri, use);
        }
        var first = predicates.All.Select(item => item.FirstFact ?? item.FirstOther).FirstOrDefault(item => item is not null);
        if (first is null)
            return;
        if (shown > MostShown)
            graph.Used(first, $"{shown - MostShown:N0} predicates more",
                "relations, where they lead to nodes, and attributes, where they lead to literals");
        Tell(first, isOntology);
    }

    private void Tell(string first, bool isOntology)
    {
        if (GraphsIn is not null)
            graph.Used(GraphsIn, "names of graphs", "attribute 'graph' of the fact");
        if (QuotedIn is not null)
            graph.Used(QuotedIn, "<< >>", "the fact that attributes are of");
        if (schema.HasDeclarations)
            graph.Used(first, "classes and properties", isOntology
                ? "entities and relations, because the files state nothing but an ontology"
                : "words of types and relations; what else an ontology says of them is left out");
        if (Foreign > 0)
            graph.Warnings.Add($"attributes in other languages than {graph.Options.Language ?? "en"}, left out: {Foreign:N0}");
        if (QuotedObjects > 0)
            graph.Warnings.Add($"statements whose object is a quoted triple, left out: {QuotedObjects:N0}");
        if (StatementObjects > 0)
            graph.Warnings.Add($"statements whose object is a statement about a statement, left out: {StatementObjects:N0}");
    }

    private string? TakenFor(RdfPredicate predicate) => predicate.Meaning.Role switch
    {
        PredicateRole.Plain => $"attribute '{words.Of(predicate)}' of the entity",
        PredicateRole.Type => "type of the entity",
        PredicateRole.Name => "name of the entity",
        PredicateRole.Text => "description of the entity",
        PredicateRole.First or PredicateRole.Rest or PredicateRole.Member => "members of a list, a fact each",
        PredicateRole.Subject or PredicateRole.Predicate or PredicateRole.Object or PredicateRole.Reifies =>
            "the fact that attributes are of",
        PredicateRole.Inverse => "words of the inverse relation",
        PredicateRole.Claim => "words of the relation",
        PredicateRole.Subclass when predicate.FirstFact is not null => null,
        _ => "part of an ontology, left out",
    };
}
