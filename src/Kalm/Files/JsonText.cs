using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kalm.Files;

/// <summary>Writes configuration files the way Python programs do: indented by two, and floating-point numbers always with a point or
/// an exponent, because strict readers tell 10000 from 10000.0.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The text of an object with the fields that <paramref name="writeFields"/> writes, ending with a new line.</summary>
    public static string Object(Action<Utf8JsonWriter> writeFields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>Writes a floating-point number that reads back as the same double.</summary>
    public static void WriteFloat(this Utf8JsonWriter json, string key, double value)
    {
        json.WritePropertyName(key);
        json.WriteFloatValue(value);
    }

    /// <summary>The same within a list.</summary>
    public static void WriteFloatValue(this Utf8JsonWriter json, double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text);
    }

    /// <summary>Writes a list of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string key, IEnumerable<string> values)
    {
        json.WriteStartArray(key);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
