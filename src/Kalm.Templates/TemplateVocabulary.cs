namespace Kalm.Templates;

/// <summary>What is supported, by name; anything else is refused when a template is read, not only when it is used.</summary>
internal static class TemplateVocabulary
{
    /// <summary>Filters.</summary>
    public static IReadOnlySet<string> Filters { get; } = new HashSet<string>
    {
        "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float",
        "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "reject",
        "rejectattr", "replace", "reverse", "safe", "select", "selectattr", "string", "title", "tojson", "trim", "upper",
    };

    /// <summary>Tests.</summary>
    public static IReadOnlySet<string> Tests { get; } = new HashSet<string>
    {
        "==", "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "even", "false",
        "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
        "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "true", "undefined",
    };

    /// <summary>Methods of texts and maps.</summary>
    public static IReadOnlySet<string> Methods { get; } = new HashSet<string>
    {
        "capitalize", "count", "endswith", "find", "get", "isdigit", "items", "join", "keys",
        "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rsplit", "rstrip", "split",
        "splitlines", "startswith", "strip", "title", "upper", "values",
    };

    /// <summary>Functions.</summary>
    public static IReadOnlySet<string> Functions { get; } =
        new HashSet<string> { "dict", "namespace", "raise_exception", "range", "strftime_now" };

    /// <summary>The error for what is not supported.</summary>
    public static TemplateException Refusal(TemplatePlace place, string kind, string name, IEnumerable<string> supported) =>
        new(place, $"the {kind} '{name}' is not supported; expected one of {string.Join(", ", supported.Order(StringComparer.Ordinal))}");
}
