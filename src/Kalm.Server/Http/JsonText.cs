using System.Text.Json;

namespace Kalm.Server.Http;

/// <summary>Reads texts out of JSON whose kind is not known beforehand.</summary>
internal static class JsonText
{
    /// <summary>Reads what may hold texts that are no valid Unicode.</summary>
    /// <exception cref="ApiException">One is none.</exception>
    public static T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Bad(null, "the body is not what was expected: a text is not valid Unicode", "invalid_json");
        }
    }

    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="ApiException">It is none, or no valid Unicode.</exception>
    public static string Of(JsonElement element, string param)
    {
        if (element.ValueKind != JsonValueKind.String)
            throw ApiException.Bad(
                param, $"found {(element.ValueKind == JsonValueKind.Undefined ? "nothing" : element.ValueKind)}; expected a text");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Bad(param, "the text is not valid Unicode");
        }
    }
}
