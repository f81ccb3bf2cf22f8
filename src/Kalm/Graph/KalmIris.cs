namespace Kalm.Graph;

/// <summary>The IRIs that stand for ids that are none, so that a graph of plain ids can be written as RDF and read in again as it was.</summary>
internal static class KalmIris
{
    /// <summary>The namespace of everything that is said about a proposed fact.</summary>
    public const string Namespace = "urn:kalm:";

    private const string Entities = Namespace + "entity:";
    private const string Relations = Namespace + "relation:";

    /// <summary>The IRI of an entity's id.</summary>
    public static string OfEntity(string id) => Entities + Uri.EscapeDataString(id);

    /// <summary>The IRI of a relation's id.</summary>
    public static string OfRelation(string id) => Relations + Uri.EscapeDataString(id);

    /// <summary>The id that an IRI stands for; the IRI itself where it stands for none.</summary>
    public static ReadOnlySpan<char> IdOf(ReadOnlySpan<char> iri)
    {
        if (!iri.StartsWith(Namespace, StringComparison.Ordinal))
            return iri;
        var start = iri.StartsWith(Entities, StringComparison.Ordinal) ? Entities.Length
            : iri.StartsWith(Relations, StringComparison.Ordinal) ? Relations.Length : 0;
        return start == 0 ? iri : Uri.UnescapeDataString(iri[start..].ToString());
    }
}
