namespace Kalm.Graph.Readers.Rdf;

/// <summary>RDF in one of its syntaxes, or several files of it in several: an ontology and its data, a file for each kind of statement, a
/// file for each split. All of them are one graph.</summary>
/// <param name="format">The syntax that most of the files are of.</param>
internal sealed class RdfGraphReader(RdfFormat format) : IGraphReader
{
    /// <summary>A reader for each of the syntaxes.</summary>
    public static IReadOnlyList<RdfGraphReader> All { get; } = [.. RdfFormat.All.Select(format => new RdfGraphReader(format))];

    /// <inheritdoc/>
    public string Key => format.Key;

    /// <inheritdoc/>
    public string Name => format.Name;

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var isAsked = options.Format == Key;
        if (isAsked && files.IsSingle)
            return new Recognition(Certainty.Certain, files.Files, files.Files[0].Shown);
        var found = files.Files.Select(file => (File: file, Is: RdfFormat.Of(file, options.Encoding is not null)))
            .Where(item => item.Is.Format is not null).ToList();
        if (found.Count == 0)
            return null;
        var main = found.GroupBy(item => item.Is.Format).MaxBy(group => group.Count())!.Key;
        if (!isAsked && main != format)
            return null;
        var isSure = found.Any(item => item.Is.IsSure) && (files.IsSingle || found.Count == files.Files.Count(file => !IsNote(file)));
        return new Recognition(isSure ? Certainty.Certain : Certainty.Likely, [.. found.Select(item => item.File)],
            string.Join(", ", found.Select(item => $"{item.File.Shown} ({item.Is.Format!.Name})")));
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var sources = RdfSource.Of(found.Files, graph, format);
        var predicates = new RdfPredicates();
        var schema = new RdfSchema(predicates);
        // What is a class, a property, a list or a statement about a statement may be said behind where it matters.
        foreach (var source in sources)
        {
            schema.Keys.Enter(source);
            source.Read(schema, graph.Options.SkipBad > 0 ? (_, _) => { } : graph.Bad);
        }
        var words = new RdfWords(graph, predicates);
        var mapping = new RdfMapping(graph, predicates, schema, words, isOntology: false);
        mapping.Read(sources, graph.Bad);
        if (sources.All(source => graph[source.Split].Triples.Count == 0) && schema.HasClasses)
            mapping = mapping.OfOntology(sources);
        words.Share(schema.Claims);
        if (schema.HasAnnotations)
            new RdfAnnotations(graph, predicates, schema, words).Read(sources);
        mapping.Finish();
        words.Finish(schema);
        if (schema.HasAnnotations && sources.All(source => graph[source.Split].Triples.Count == 0))
            throw new KalmException($"{files.Path}: no facts, only statements about facts (quoted triples, rdf:Statement), which state "
                + "none of them; expected the facts themselves as well");
    }

    // What lies beside data without being any.
    private static bool IsNote(GraphFile file) => file.Ending is ".md" or ".html" or ".pdf" or ".cff"
        || (file.Ending is ".txt" or "" && file.Stem.ToUpperInvariant() is "README" or "LICENSE" or "LICENCE" or "NOTICE" or "COPYING");
}
