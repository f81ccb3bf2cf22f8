using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Makes statements of the values of a property, as the context arranges and types them.</summary>
/// <param name="nodes">Reads the nodes among them.</param>
/// <param name="take">Takes a statement.</param>
/// <param name="fault">Makes a fault of what is wrong.</param>
/// <param name="blanks">Makes the nodes of lists.</param>
/// <param name="context">The context of the property.</param>
/// <param name="below">The context of the nodes among the values, where it is another.</param>
/// <param name="graph">The graph; null for the default graph.</param>
internal sealed class JsonLdValues(
    JsonLdNodes nodes, Action<StoredTerm, string, StoredTerm, StoredTerm?> take, Func<string, RdfFault> fault, BlankNodes blanks,
    JsonLdContext context, JsonLdContext? below, StoredTerm? graph)
{
    private static readonly string[] Maps = ["@index", "@id", "@type"];
    private JsonLdContext context = context;

    /// <summary>Reads the values of a property.</summary>
    /// <param name="subject">The node that has them.</param>
    /// <param name="predicate">The property's IRI.</param>
    /// <param name="value">The values.</param>
    /// <param name="term">What the context says of the property; null for nothing.</param>
    public void Read(StoredTerm subject, string predicate, JsonElement value, JsonLdTerm? term)
    {
        Enter(term);
        if (term is { IsReverse: true })
        {
            TakeReverse(subject, predicate, value, term);
            return;
        }
        var container = term?.Container ?? [];
        if (value.ValueKind == JsonValueKind.Object && container.Contains("@language"))
            TakeLanguages(subject, predicate, value);
        else if (value.ValueKind == JsonValueKind.Object && container.FirstOrDefault(item => Maps.Contains(item)) is { } map
            && !(container.Contains("@graph") && value.TryGetProperty("@graph", out _)))
            TakeMap(subject, predicate, value, term!, map);
        else if (container.Contains("@list") && !IsObjectWith(value, "@list"))
            TakeItem(subject, predicate, List(JsonLdNodes.Items(value), term));
        else
            foreach (var item in JsonLdNodes.Items(value))
                Take(subject, predicate, item, term);
    }

    /// <summary>Reads the values of a property within @reverse, which have the node as their object.</summary>
    public void ReadReverse(StoredTerm node, string predicate, JsonElement value, JsonLdTerm? term)
    {
        Enter(term);
        if (term is { IsReverse: true })
            foreach (var item in JsonLdNodes.Items(value))
                Take(node, predicate, item, term);
        else
            TakeReverse(node, predicate, value, term);
    }

    private void Enter(JsonLdTerm? term)
    {
        if (term is { Context.ValueKind: not JsonValueKind.Undefined })
            (context, below) = (context.With(term.Context), null);
    }

    private void TakeReverse(StoredTerm node, string predicate, JsonElement value, JsonLdTerm? term)
    {
        foreach (var item in JsonLdNodes.Items(value))
        {
            if (ValueOf(item, term) is not { } subject)
                continue;
            if (!subject.Term.IsNode)
                throw fault($"found {JsonLdContext.Kind(item)} as a value of a reversed property; expected a node");
            take(subject, predicate, node, graph);
        }
    }

    private void TakeLanguages(StoredTerm subject, string predicate, JsonElement value)
    {
        foreach (var language in value.EnumerateObject())
            foreach (var text in JsonLdNodes.Items(language.Value).Where(item => item.ValueKind != JsonValueKind.Null))
                TakeItem(subject, predicate, text.ValueKind == JsonValueKind.String
                    ? StoredTerm.Literal(text.GetString()!, language: context.Expand(language.Name, true) == "@none" ? "" : language.Name)
                    : throw fault($"found {JsonLdContext.Kind(text)} among texts by language; expected a text"));
    }

    private void TakeMap(StoredTerm subject, string predicate, JsonElement value, JsonLdTerm term, string map)
    {
        foreach (var entry in value.EnumerateObject())
        {
            var isNone = context.Expand(entry.Name, isVocabulary: true) == "@none";
            foreach (var item in JsonLdNodes.Items(entry.Value))
            {
                if (map == "@index" || isNone || item.ValueKind != JsonValueKind.Object)
                {
                    Take(subject, predicate, item, term);
                    continue;
                }
                var isId = map == "@id";
                var node = nodes.Read(item, below ?? context, graph, isId ? JsonLdNodes.Named(entry.Name, context) : null);
                if (!isId && context.Expand(entry.Name, isVocabulary: true, isDocument: true) is { } type)
                    take(node, RdfNames.Type, JsonLdNodes.Term(type), graph);
                TakeItem(subject, predicate, node);
            }
        }
    }

    private void Take(StoredTerm subject, string predicate, JsonElement item, JsonLdTerm? term)
    {
        if (item.ValueKind == JsonValueKind.Array)
        {
            foreach (var inner in item.EnumerateArray())
                Take(subject, predicate, inner, term);
            return;
        }
        if (IsObjectWith(item, "@set"))
        {
            foreach (var inner in JsonLdNodes.Items(Keyword(item, "@set")!.Value))
                Take(subject, predicate, inner, term);
            return;
        }
        if (ValueOf(item, term) is not { } value)
            return;
        TakeItem(subject, predicate, value);
        if (item.ValueKind == JsonValueKind.Object && Keyword(item, "@annotation") is { } annotation)
            foreach (var about in JsonLdNodes.Items(annotation).Where(about => about.ValueKind == JsonValueKind.Object))
                nodes.Read(about, below ?? context, graph, StoredTerm.Quoted(subject, StoredTerm.Iri(predicate), value));
    }

    // The value that is no array; null for none.
    private StoredTerm? ValueOf(JsonElement item, JsonLdTerm? term)
    {
        switch (item.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case var _ when term?.Type == "@json":
                return StoredTerm.Literal(item.GetRawText(), RdfNames.JsonLiteral);
            case JsonValueKind.Object when Keyword(item, "@value") is { } value:
                return value.ValueKind == JsonValueKind.Null ? null : Literal(item, value);
            case JsonValueKind.Object when Keyword(item, "@list") is { } list:
                return List(JsonLdNodes.Items(list), term);
            case JsonValueKind.Object when (term?.Container ?? []).Contains("@graph") && Keyword(item, "@graph") is null:
                var name = blanks.Next();
                nodes.Read(item, below ?? context, name);
                return name;
            case JsonValueKind.Object:
                return nodes.Read(item, below ?? context, graph);
            case JsonValueKind.Array:
                return List(item.EnumerateArray(), term);
            default:
                return Scalar(item, term);
        }
    }

    private StoredTerm Scalar(JsonElement item, JsonLdTerm? term)
    {
        if (item.ValueKind == JsonValueKind.String && term?.Type is "@id" or "@vocab")
        {
            var text = item.GetString()!;
            return JsonLdNodes.Term(context.Expand(text, isVocabulary: term.Type == "@vocab", isDocument: true) ?? text);
        }
        var datatype = term?.Type is { } type && !type.StartsWith('@') ? type : "";
        var language = datatype.Length > 0 || item.ValueKind != JsonValueKind.String ? null
            : term is { HasLanguage: true } ? term.Language : context.Language;
        return Native(item, datatype, language ?? "");
    }

    private StoredTerm Literal(JsonElement item, JsonElement value)
    {
        var own = JsonLdNodes.ContextOf(item, context);
        var type = Keyword(item, "@type") is { ValueKind: JsonValueKind.String } given
            ? own.Expand(given.GetString()!, isVocabulary: true, isDocument: true) : null;
        if (type == "@json")
            return StoredTerm.Literal(value.GetRawText(), RdfNames.JsonLiteral);
        var language = Keyword(item, "@language") is { ValueKind: JsonValueKind.String } tag ? tag.GetString()! : "";
        return Native(value, type ?? "", language);
    }

    // The value as it stands in the file; numbers are not rewritten to their canonical forms.
    private StoredTerm Native(JsonElement value, string datatype, string language) => value.ValueKind switch
    {
        JsonValueKind.String => StoredTerm.Literal(value.GetString()!, datatype, language),
        JsonValueKind.True or JsonValueKind.False => StoredTerm.Literal(
            value.GetRawText(), datatype.Length > 0 ? datatype : RdfNames.Boolean),
        JsonValueKind.Number => StoredTerm.Literal(value.GetRawText(), datatype.Length > 0 ? datatype
            : value.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? RdfNames.Double : RdfNames.Integer),
        _ => throw fault($"found {JsonLdContext.Kind(value)} as @value; expected a text, a number, true or false"),
    };

    private StoredTerm List(IEnumerable<JsonElement> items, JsonLdTerm? term)
    {
        StoredTerm? first = null, last = null;
        foreach (var item in items)
        {
            if (ValueOf(item, term) is not { } value)
                continue;
            var node = blanks.Next();
            if (last is not null)
                take(last, RdfNames.Rest, node, graph);
            take(node, RdfNames.First, value, graph);
            first ??= node;
            last = node;
        }
        var nil = StoredTerm.Iri(RdfNames.Nil);
        if (last is not null)
            take(last, RdfNames.Rest, nil, graph);
        return first ?? nil;
    }

    private bool IsObjectWith(JsonElement item, string keyword) =>
        item.ValueKind == JsonValueKind.Object && Keyword(item, keyword) is not null;

    private JsonElement? Keyword(JsonElement item, string keyword)
    {
        if (item.TryGetProperty(keyword, out var found))
            return found;
        if (keyword != "@type" && !context.HasAliases && !item.TryGetProperty("@context", out _))
            return null;
        var own = JsonLdNodes.ContextOf(item, context);
        foreach (var property in item.EnumerateObject())
            if (own.Term(property.Name)?.Iri == keyword)
                return property.Value;
        return null;
    }

    private void TakeItem(StoredTerm subject, string predicate, StoredTerm value) => take(subject, predicate, value, graph);
}
