using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Http;

/// <summary>A request's body, or an object in one, of which every field is known: one that is not, and is not null, is refused by its
/// name.</summary>
internal abstract record StrictRequest
{
    /// <summary>Fields that are not known.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    /// <summary>Refuses fields that are not known.</summary>
    /// <param name="place">Where the object stands; null for the body itself.</param>
    /// <param name="remarks">Fields that clients send and that change no answer.</param>
    /// <exception cref="ApiException">There is one.</exception>
    public void RequireKnown(string? place = null, params IEnumerable<string> remarks)
    {
        if (Unknown is not null)
            KnownFields.Require(Unknown, place, [.. Wire.Options.GetTypeInfo(GetType()).Properties
                .Where(property => !property.IsExtensionData).Select(property => property.Name)], remarks);
    }
}
