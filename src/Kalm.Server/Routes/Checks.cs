using System.Globalization;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>Checks of what requests hold.</summary>
internal static class Checks
{
    /// <summary>A text that is there and not too long.</summary>
    public static string Text(string param, string? text, ServerLimits limits)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw ApiException.Bad(param, text is null ? $"{param} is missing" : $"{param} is blank; expected a text", "missing_value");
        return NotTooLong(param, text, limits);
    }

    /// <summary>A text that is not too long.</summary>
    public static string NotTooLong(string param, string text, ServerLimits limits) => text.Length <= limits.TextCharacters
        ? text
        : throw ApiException.Bad(param, $"found {text.Length} characters; expected at most {limits.TextCharacters}", "text_too_long");

    /// <summary>A number within bounds.</summary>
    public static int Number(string param, int? found, int fallback, int least, int most)
    {
        var number = found ?? fallback;
        return number >= least && number <= most ? number : throw ApiException.Bad(param, $"found {number}; expected {least}..{most}");
    }

    /// <summary>A number of the query string.</summary>
    public static int Number(HttpContext context, string param, int fallback, int least, int most)
    {
        var text = context.Request.Query[param].ToString();
        if (text.Length == 0)
            return fallback;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? Number(param, number, fallback, least, most) : throw ApiException.Bad(param, $"found '{text}'; expected {least}..{most}");
    }

    /// <summary>A model's name that is ours.</summary>
    public static void Model(string? found, ServerOptions options)
    {
        if (found is not null && !options.Names.Contains(found))
            throw ApiException.Missing("model", $"there is no model '{found}'; expected {string.Join(" or ", options.Names.Select(
                name => $"'{name}'"))}", "model_not_found");
    }
}
