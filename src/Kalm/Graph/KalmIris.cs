using System.Buffers;

namespace Kalm.Graph;

/// <summary>The IRIs that stand for ids that are none, so that a graph of plain ids can be written as RDF and read in again as it
/// was.</summary>
internal static class KalmIris
{
    /// <summary>The namespace of everything that is said about a proposed fact.</summary>
    public const string Namespace = "urn:kalm:";

    private static readonly SearchValues<char> Forbidden = SearchValues.Create("<>\"{}|^`\\ ");
    private const string Entities = Namespace + "entity:";
    private const string Relations = Namespace + "relation:";

    /// <summary>The IRI of an entity's id.</summary>
    public static string OfEntity(string id) => Entities + Uri.EscapeDataString(id);

    /// <summary>The IRI of a relation's id.</summary>
    public static string OfRelation(string id) => Relations + Uri.EscapeDataString(id);

    /// <summary>The id of an entity that an IRI stands for; the IRI itself where it stands for none.</summary>
    public static ReadOnlySpan<char> EntityOf(ReadOnlySpan<char> iri) => IdOf(iri, Entities);

    /// <summary>The id of a relation that an IRI stands for; the IRI itself where it stands for none.</summary>
    public static ReadOnlySpan<char> RelationOf(ReadOnlySpan<char> iri) => IdOf(iri, Relations);

    /// <summary>Whether an id is an IRI that RDF can hold, and none of these.</summary>
    public static bool IsPlainIri(string id) => id.Contains(':', StringComparison.Ordinal) && Uri.IsWellFormedUriString(id,
        UriKind.Absolute)
        && !id.AsSpan().ContainsAny(Forbidden) && !id.StartsWith(Namespace, StringComparison.Ordinal);

    private static ReadOnlySpan<char> IdOf(ReadOnlySpan<char> iri, string start) =>
        iri.StartsWith(start, StringComparison.Ordinal) ? Uri.UnescapeDataString(iri[start.Length..].ToString()) : iri;
}
