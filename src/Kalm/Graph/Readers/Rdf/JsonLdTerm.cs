using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>What a context says of a term.</summary>
internal sealed record JsonLdTerm
{
    /// <summary>The IRI or keyword that it stands for; null where it stands for nothing and its values are left out.</summary>
    public string? Iri { get; init; }

    /// <summary>Whether its values are subjects, and what holds it the object.</summary>
    public bool IsReverse { get; init; }

    /// <summary>Whether it may stand before a colon.</summary>
    public bool IsPrefix { get; init; }

    /// <summary>The datatype of its values, @id, @vocab, @json or @none; null for what they are by themselves.</summary>
    public string? Type { get; init; }

    /// <summary>Whether the context says what language its values are in.</summary>
    public bool HasLanguage { get; init; }

    /// <summary>That language; null for none.</summary>
    public string? Language { get; init; }

    /// <summary>How its values are arranged: @list, @set, @language, @index, @id, @type, @graph.</summary>
    public IReadOnlyList<string> Container { get; init; } = [];

    /// <summary>A context for what is below it; of kind Undefined for none.</summary>
    public JsonElement Context { get; init; }
}
