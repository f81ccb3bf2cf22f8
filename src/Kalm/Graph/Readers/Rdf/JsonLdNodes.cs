using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Makes statements of JSON-LD's node objects.</summary>
/// <param name="take">Takes a statement: subject, predicate, object, graph.</param>
/// <param name="fault">Makes a fault of what is wrong.</param>
internal sealed class JsonLdNodes(Action<StoredTerm, string, StoredTerm, StoredTerm?> take, Func<string, RdfFault> fault)
{
    private readonly BlankNodes blanks = new();

    /// <summary>Reads a node.</summary>
    /// <param name="node">The object.</param>
    /// <param name="outer">The context around it.</param>
    /// <param name="graph">The graph it is in; null for the default graph.</param>
    /// <param name="given">The node it is, where that is known; null where it says so.</param>
    /// <returns>The node.</returns>
    public StoredTerm Read(JsonElement node, JsonLdContext outer, StoredTerm? graph, StoredTerm? given = null)
    {
        var context = node.TryGetProperty("@context", out var local) ? outer.With(local) : outer;
        var inner = OfTypes(node, context);
        var subject = given ?? IdOf(node, inner) ?? blanks.Next();
        ReadProperties(node, subject, inner, inner == context ? null : context, graph);
        return subject;
    }

    /// <summary>The context with which the properties of an object are read, from its @context.</summary>
    public static JsonLdContext ContextOf(JsonElement item, JsonLdContext outer) =>
        item.TryGetProperty("@context", out var local) ? outer.With(local) : outer;

    // Types may bring a context for the node, in the order of their names; it does not hold for the nodes below.
    private static JsonLdContext OfTypes(JsonElement node, JsonLdContext context)
    {
        var types = new List<string>();
        foreach (var property in node.EnumerateObject())
            if (context.Expand(property.Name, isVocabulary: true) == "@type")
                types.AddRange(Texts(property.Value));
        var made = context;
        foreach (var type in types.Order(StringComparer.Ordinal))
            if (context.Term(type) is { Context.ValueKind: not JsonValueKind.Undefined } term)
                made = made.With(term.Context);
        return made;
    }

    private StoredTerm? IdOf(JsonElement node, JsonLdContext context)
    {
        foreach (var property in node.EnumerateObject())
            if (context.Expand(property.Name, isVocabulary: true) == "@id")
                return property.Value.ValueKind == JsonValueKind.String ? Named(property.Value.GetString()!, context)
                    : throw fault($"found {JsonLdContext.Kind(property.Value)} as @id; expected a text");
        return null;
    }

    private void ReadProperties(
        JsonElement node, StoredTerm subject, JsonLdContext context, JsonLdContext? below, StoredTerm? graph)
    {
        foreach (var property in node.EnumerateObject())
        {
            var expanded = context.Expand(property.Name, isVocabulary: true);
            switch (expanded)
            {
                case "@type":
                    foreach (var type in Texts(property.Value))
                        if (context.Expand(type, isVocabulary: true, isDocument: true) is { } iri)
                            take(subject, RdfNames.Type, Term(iri), graph);
                    break;
                case "@graph":
                    foreach (var item in Items(property.Value).Where(item => item.ValueKind == JsonValueKind.Object))
                        Read(item, below ?? context, subject);
                    break;
                case "@included":
                    foreach (var item in Items(property.Value).Where(item => item.ValueKind == JsonValueKind.Object))
                        Read(item, below ?? context, graph);
                    break;
                case "@reverse":
                    ReadReverse(property.Value, subject, context, below, graph);
                    break;
                case "@nest":
                    foreach (var item in Items(property.Value).Where(item => item.ValueKind == JsonValueKind.Object))
                        ReadProperties(item, subject, context, below, graph);
                    break;
                case null or "":
                    break;
                case ['@', ..]:
                    RequireKnown(expanded);
                    break;
                default:
                    if (!expanded.Contains(':', StringComparison.Ordinal) && !IsRelative(expanded, context))
                        break;
                    var values = new JsonLdValues(this, take, fault, blanks, context, below, graph);
                    values.Read(subject, expanded, property.Value, context.Term(property.Name));
                    break;
            }
        }
    }

    // Without a base, names of the vocabulary may be relative; they are kept, as other relative IRIs are.
    private static bool IsRelative(string expanded, JsonLdContext context) =>
        context.Vocabulary is { } vocabulary && expanded.StartsWith(vocabulary, StringComparison.Ordinal);

    private void RequireKnown(string keyword)
    {
        if (keyword is not ("@id" or "@context" or "@index" or "@annotation"))
            throw fault($"found {keyword} in a node; expected a property, @id, @type, @graph, @reverse, @included or @nest");
    }

    private void ReadReverse(JsonElement value, StoredTerm subject, JsonLdContext context, JsonLdContext? below, StoredTerm? graph)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw fault($"found {JsonLdContext.Kind(value)} as @reverse; expected an object");
        foreach (var property in value.EnumerateObject())
            if (context.Expand(property.Name, isVocabulary: true) is { } predicate && !predicate.StartsWith('@'))
                new JsonLdValues(this, take, fault, blanks, context, below, graph)
                    .ReadReverse(subject, predicate, property.Value, context.Term(property.Name));
    }

    /// <summary>The node of a name as @id has it.</summary>
    public static StoredTerm Named(string name, JsonLdContext context) =>
        Term(context.Expand(name, isVocabulary: false, isDocument: true) ?? name);

    /// <summary>A node of an expanded name.</summary>
    public static StoredTerm Term(string expanded) =>
        expanded.StartsWith("_:", StringComparison.Ordinal) ? StoredTerm.Blank(expanded[2..]) : StoredTerm.Iri(expanded);

    /// <summary>The items of an array, or the one value.</summary>
    public static IEnumerable<JsonElement> Items(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];

    private static IEnumerable<string> Texts(JsonElement value) =>
        Items(value).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!);
}
