using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>What the names in a JSON-LD document stand for. A context within another knows the outer one.</summary>
internal sealed class JsonLdContext
{
    private static readonly string[] Keywords =
    [
        "@annotation", "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included", "@index", "@json",
        "@language", "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type", "@value", "@version",
        "@vocab",
    ];

    private const int Deepest = 256;
    private readonly JsonLdContext? outer;
    private readonly string start;
    private readonly Dictionary<string, JsonLdTerm> terms = new(StringComparer.Ordinal);
    private readonly Func<string, RdfFault> fault;

    /// <summary>A context without terms.</summary>
    /// <param name="baseIri">What relative IRIs are resolved against.</param>
    /// <param name="fault">Makes a fault of what is wrong.</param>
    public JsonLdContext(string baseIri, Func<string, RdfFault> fault) => (Base, start, this.fault) = (baseIri, baseIri, fault);

    private JsonLdContext(JsonLdContext outer)
    {
        (this.outer, start, fault) = (outer, outer.start, outer.fault);
        (Base, Vocabulary, Language, HasAliases) = (outer.Base, outer.Vocabulary, outer.Language, outer.HasAliases);
    }

    /// <summary>What relative IRIs are resolved against.</summary>
    public string Base { get; private set; }

    /// <summary>What stands before names that no term is; null where such names stand for nothing.</summary>
    public string? Vocabulary { get; private set; }

    /// <summary>The language of texts that say none; null for none.</summary>
    public string? Language { get; private set; }

    /// <summary>Whether terms stand for keywords other than @id and @type.</summary>
    public bool HasAliases { get; private set; }

    /// <summary>A context within this one.</summary>
    /// <param name="local">What @context holds.</param>
    /// <exception cref="RdfFault">It is no context, or lies elsewhere.</exception>
    public JsonLdContext With(JsonElement local)
    {
        switch (local.ValueKind)
        {
            case JsonValueKind.Array:
                return local.EnumerateArray().Aggregate(this, (context, item) => context.With(item));
            case JsonValueKind.Null:
                return new JsonLdContext(start, fault);
            case JsonValueKind.String:
                throw Foreign(local);
            case JsonValueKind.Object:
                break;
            default:
                throw fault($"found a context that is {Kind(local)}; expected an object of terms");
        }
        if (local.TryGetProperty("@import", out var import))
            throw Foreign(import);
        var made = new JsonLdContext(this);
        made.SetDefaults(local);
        var open = new HashSet<string>(StringComparer.Ordinal);
        foreach (var term in local.EnumerateObject())
            if (!IsKeyword(term.Name))
                made.Define(term.Name, local, open);
        return made;
    }

    /// <summary>What a term stands for; null where the context has none, or nothing for it.</summary>
    public JsonLdTerm? Term(string name)
    {
        for (var context = this; context is not null; context = context.outer)
            if (context.terms.TryGetValue(name, out var term))
                return term;
        return null;
    }

    /// <summary>The IRI, keyword or blank node ("_:…") that a name stands for; null for nothing.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isVocabulary">Whether terms and the vocabulary count.</param>
    /// <param name="isDocument">Whether a relative IRI is resolved against the base.</param>
    public string? Expand(string name, bool isVocabulary, bool isDocument = false) => Expand(name, isVocabulary, isDocument, null, null);

    /// <summary>Whether a name is one of the keywords.</summary>
    public static bool IsKeyword(string name) => name.StartsWith('@') && Keywords.Contains(name);

    /// <summary>What a JSON value is, in words.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the text '{RdfXmlSource.Shortened(value.GetString()!)}'",
        JsonValueKind.Number => $"the number {RdfXmlSource.Shortened(value.GetRawText())}",
        _ => value.GetRawText(),
    };

    private void SetDefaults(JsonElement local)
    {
        if (local.TryGetProperty("@base", out var location))
            Base = location.ValueKind == JsonValueKind.Null ? "" : IriReference.Resolve(Base, Text(location, "@base"));
        if (local.TryGetProperty("@vocab", out var vocabulary))
            Vocabulary = vocabulary.ValueKind == JsonValueKind.Null ? null : VocabularyOf(Text(vocabulary, "@vocab"));
        if (local.TryGetProperty("@language", out var language))
            Language = TextOrNull(language, "@language");
    }

    private string VocabularyOf(string text) => text.Length == 0 ? Base
        : Expand(text, isVocabulary: true, isDocument: true) ?? throw fault($"found @vocab '{text}'; expected an IRI");

    private void Define(string name, JsonElement local, HashSet<string> open)
    {
        if (terms.ContainsKey(name))
            return;
        if (!open.Add(name) || open.Count > Deepest)
            throw fault($"term '{name}' of the context is defined by itself, or by too many others; expected an IRI at the end");
        var made = Make(name, local.GetProperty(name), local, open);
        terms[name] = made;
        HasAliases |= made.Iri is ['@', ..] and not ("@id" or "@type");
        open.Remove(name);
    }

    private JsonLdTerm Make(string name, JsonElement value, JsonElement local, HashSet<string> open)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return new JsonLdTerm();
            case JsonValueKind.String:
                var iri = value.GetString()!;
                return Simple(name, iri == name ? OfItself(name, local, open) : Expand(iri, true, false, local, open), isSimple: true);
            case JsonValueKind.Object:
                return Full(name, value, local, open);
            default:
                throw fault($"term '{name}' of the context is {Kind(value)}; expected an IRI or an object");
        }
    }

    private static JsonLdTerm Simple(string name, string? iri, bool isSimple) => new()
    {
        Iri = iri,
        IsPrefix = iri is { Length: > 0 } && !name.Contains(':', StringComparison.Ordinal)
            && (":/?#[]@".Contains(iri[^1], StringComparison.Ordinal) || (isSimple && iri.StartsWith("_:", StringComparison.Ordinal))),
    };

    private JsonLdTerm Full(string name, JsonElement value, JsonElement local, HashSet<string> open)
    {
        var isReverse = value.TryGetProperty("@reverse", out var reverse);
        var id = isReverse ? reverse : value.TryGetProperty("@id", out var given) ? given : default;
        if (id.ValueKind == JsonValueKind.Null)
            return new JsonLdTerm();
        var iri = id.ValueKind == JsonValueKind.Undefined || Text(id, $"@id of the term '{name}'") == name
            ? OfItself(name, local, open) : Expand(id.GetString()!, true, false, local, open);
        var term = Simple(name, iri, isSimple: false) with { IsReverse = isReverse };
        if (value.TryGetProperty("@prefix", out var prefix))
            term = term with { IsPrefix = prefix.ValueKind == JsonValueKind.True };
        if (value.TryGetProperty("@type", out var type) && type.ValueKind != JsonValueKind.Null)
            term = term with { Type = Expand(Text(type, $"@type of the term '{name}'"), true, true, local, open) };
        if (value.TryGetProperty("@language", out var language))
            term = term with { HasLanguage = true, Language = TextOrNull(language, "@language") };
        if (value.TryGetProperty("@container", out var container))
            term = term with { Container = ContainerOf(name, container) };
        return value.TryGetProperty("@context", out var context) ? term with { Context = context.Clone() } : term;
    }

    private string[] ContainerOf(string name, JsonElement container) => container.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.Array => [.. container.EnumerateArray().Select(item => Text(item, $"@container of the term '{name}'"))],
        _ => [Text(container, $"@container of the term '{name}'")],
    };

    // A term without an IRI is one itself, or a name of the vocabulary.
    private string? OfItself(string name, JsonElement local, HashSet<string> open)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
            return Compact(name, colon, local, open) ?? name;
        return name.Contains('/', StringComparison.Ordinal) ? IriReference.Resolve(Base, name)
            : Vocabulary is null ? null : Vocabulary + name;
    }

    private string? Expand(string name, bool isVocabulary, bool isDocument, JsonElement? local, HashSet<string>? open)
    {
        if (IsKeyword(name))
            return name;
        // Names of this form are kept for keywords to come.
        if (name.Length > 1 && name[0] == '@' && name.Skip(1).All(char.IsAsciiLetter))
            return null;
        if (local is { } definitions && definitions.TryGetProperty(name, out _) && isVocabulary)
            Define(name, definitions, open!);
        if (isVocabulary && Term(name) is { } term)
            return term.Iri;
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
        {
            if (name.StartsWith("_:", StringComparison.Ordinal))
                return name;
            if (Compact(name, colon, local, open) is { } full)
                return full;
            if (RdfLexical.HasScheme(name))
                return name;
        }
        return isVocabulary && Vocabulary is not null ? Vocabulary + name
            : isDocument ? IriReference.Resolve(Base, name) : null;
    }

    // prefix:name, unless what follows the colon shows that it is a scheme.
    private string? Compact(string name, int colon, JsonElement? local, HashSet<string>? open)
    {
        var (prefix, rest) = (name[..colon], name[(colon + 1)..]);
        if (prefix == "_" || rest.StartsWith("//", StringComparison.Ordinal))
            return null;
        if (local is { } definitions && definitions.TryGetProperty(prefix, out _))
            Define(prefix, definitions, open!);
        return Term(prefix) is { IsPrefix: true, Iri: { } expanded } ? expanded + rest : null;
    }

    private RdfFault Foreign(JsonElement context) =>
        fault($"context '{context}' lies outside the file, and nothing is downloaded; expected its terms in @context");

    private string? TextOrNull(JsonElement value, string what) => value.ValueKind == JsonValueKind.Null ? null : Text(value, what);

    private string Text(JsonElement value, string what) => value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw fault($"found {Kind(value)} as {what}; expected a text");
}
