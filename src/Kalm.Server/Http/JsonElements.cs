using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kalm.Server.Http;

/// <summary>Reads JSON of any kind, and refuses at once what could not be read later: names and texts that are not valid Unicode.</summary>
internal sealed class JsonElements : JsonConverter<JsonElement>
{
    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A name or a text is not valid Unicode.</exception>
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var ahead = reader;
        var element = JsonElement.ParseValue(ref reader);
        // Only what is escaped can be half a character: the rest was checked as UTF-8.
        do
        {
            if (ahead.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && ahead.ValueIsEscaped)
                ahead.GetString();
        }
        while (ahead.TokenStartIndex < reader.TokenStartIndex && ahead.Read());
        return element;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);
}
