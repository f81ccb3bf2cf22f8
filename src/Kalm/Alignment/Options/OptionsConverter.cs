using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Alignment.Options;

/// <summary>The options within run.json, which former versions wrote in flat names.</summary>
internal sealed class OptionsConverter : JsonConverter<AlignmentOptions>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override AlignmentOptions Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var found = JsonSerializer.Deserialize<JsonElement>(ref reader, options);
        try
        {
            return OptionsJson.Read(found, options);
        }
        catch (JsonException error)
        {
            // Without a path of its own, so that the place in the file is told.
            throw new JsonException($"{error.Message.Split(" Path:")[0]} (at {error.Path})", error);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, AlignmentOptions value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options);
}
