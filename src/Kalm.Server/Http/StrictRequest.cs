using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Http;

/// <summary>A request's body of which every field is known: one that is not, and is not null, is refused by its name.</summary>
internal abstract record StrictRequest
{
    /// <summary>Fields that are not known.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    /// <summary>Refuses fields that are not known.</summary>
    /// <exception cref="ApiException">There is one.</exception>
    public void RequireKnown()
    {
        if (Unknown?.FirstOrDefault(field => field.Value.ValueKind != JsonValueKind.Null).Key is not { } name)
            return;
        var known = Wire.Options.GetTypeInfo(GetType()).Properties.Where(property => !property.IsExtensionData)
            .Select(property => property.Name);
        throw ApiException.Bad(name, $"found the field '{name}', which is not known here; expected only {string.Join(", ", known)}",
            "unknown_field");
    }
}
