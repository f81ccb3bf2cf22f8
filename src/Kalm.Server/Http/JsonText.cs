using System.Text.Json;

namespace Kalm.Server.Http;

/// <summary>Reads texts out of JSON whose kind is not known beforehand.</summary>
internal static class JsonText
{
    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="ApiException">It is none, or no valid Unicode.</exception>
    public static string Of(JsonElement element, string param)
    {
        if (element.ValueKind != JsonValueKind.String)
            throw ApiException.Bad(param, $"found {element.ValueKind}; expected a text");
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
