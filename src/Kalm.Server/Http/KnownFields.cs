using System.Text.Json;

namespace Kalm.Server.Http;

/// <summary>Refuses fields that are not known by where they stand. One that is null says nothing, and is none.</summary>
internal static class KnownFields
{
    /// <summary>Refuses those of an object.</summary>
    /// <param name="holder">The object.</param>
    /// <param name="place">Where it stands, such as <c>messages[2].content[0]</c>.</param>
    /// <param name="known">The fields that are used.</param>
    /// <param name="remarks">Those that clients send beside them and that change no answer.</param>
    /// <exception cref="ApiException">There is another.</exception>
    public static void Require(JsonElement holder, string place, IReadOnlyCollection<string> known, params IEnumerable<string> remarks) =>
        Require(holder.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, field.Value)), place, known, remarks);

    /// <inheritdoc cref="Require(JsonElement, string, IReadOnlyCollection{string}, IEnumerable{string})"/>
    /// <param name="fields">The fields of the object.</param>
    /// <param name="place">Where the object stands; null for the body itself.</param>
    /// <param name="known">As above.</param>
    /// <param name="remarks">As above.</param>
    public static void Require(
        IEnumerable<KeyValuePair<string, JsonElement>> fields, string? place, IReadOnlyCollection<string> known,
        params IEnumerable<string> remarks)
    {
        foreach (var (name, value) in fields)
            if (value.ValueKind != JsonValueKind.Null && !known.Contains(name) && !remarks.Contains(name))
                throw ApiException.Bad(place is null ? name : $"{place}.{name}",
                    $"found the field '{name}', which is not known here; expected only {string.Join(", ", known)}", "unknown_field");
    }
}
