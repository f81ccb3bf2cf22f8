using System.Text;

namespace Kalm.Graph.Readers;

/// <summary>Makes ids readable: the last part of an IRI, words instead of underscores, hyphens and humps.</summary>
internal static class ReadableId
{
    /// <summary>The words of a relation's id; the id itself when it has none.</summary>
    public static string Words(string id)
    {
        if (IsIri(id))
            return OfIri(id);
        // Freebase joins two paths: /people/person/place_of_birth.
        var last = id.StartsWith('/') ? id[(id.LastIndexOf('/') + 1)..] : id;
        var words = last.Contains('_', StringComparison.Ordinal) || IsShouted(last) || id != last
            ? string.Join(' ', last.Split(['_', ' '], StringSplitOptions.RemoveEmptyEntries)) : Unhumped(last);
        if (IsShouted(words))
            words = words.ToLowerInvariant();
        return words.Trim() is { Length: > 0 } made ? made : id;
    }

    /// <summary>The words of an IRI's last part: "Person_0" of http://example.org/Person_0 reads "Person 0".</summary>
    public static string OfIri(string iri)
    {
        var end = iri.TrimEnd('/', '#');
        var last = end[(end.LastIndexOfAny(['/', '#', ':']) + 1)..];
        if (last.Length == 0)
            return iri;
        try
        {
            last = Uri.UnescapeDataString(last);
        }
        catch (UriFormatException)
        {
            // A percent sign that escapes nothing stays.
        }
        var words = last.Contains('_', StringComparison.Ordinal)
            ? string.Join(' ', last.Split('_', StringSplitOptions.RemoveEmptyEntries)) : Unhumped(last);
        return words.Length > 0 ? words : iri;
    }

    /// <summary>The name that an entity's id makes: of an IRI the words of its last part, else the id as it stands.</summary>
    public static string OfEntity(string id) => IsIri(id) ? OfIri(id) : id;

    /// <summary>Whether an id is an absolute IRI.</summary>
    public static bool IsIri(string id) => id.Contains("://", StringComparison.Ordinal)
        || id.StartsWith("urn:", StringComparison.OrdinalIgnoreCase);

    // LIVES_IN, as property graphs write relations.
    private static bool IsShouted(string id) => id.Length > 3 && id.All(letter => char.IsAsciiLetterUpper(letter) || letter is '_' or ' ');

    // livesIn -> lives in; names with spaces, capitals alone and abbreviations stay.
    private static string Unhumped(string id)
    {
        if (id.Contains(' ', StringComparison.Ordinal) || !char.IsAsciiLetterLower(id[0]))
            return id;
        var words = new StringBuilder(id.Length + 4);
        for (var index = 0; index < id.Length; index++)
        {
            var isHump = index > 0 && char.IsAsciiLetterUpper(id[index]) && char.IsAsciiLetterLower(id[index - 1]);
            if (isHump)
                words.Append(' ');
            words.Append(isHump && (index + 1 >= id.Length || !char.IsAsciiLetterUpper(id[index + 1]))
                ? char.ToLowerInvariant(id[index]) : id[index]);
        }
        return words.ToString();
    }
}
