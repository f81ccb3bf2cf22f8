using System.Text.Json;
using Kalm.Language.Generation.Grammar;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>What form an answer is to have.</summary>
internal static class AnswerFormat
{
    /// <summary>The grammar of a format; null for text.</summary>
    /// <param name="format">text, json_object, or json_schema with a schema.</param>
    /// <param name="param">The field.</param>
    /// <param name="isNested">Whether the schema stands under json_schema, as in chats.</param>
    /// <exception cref="ApiException">It is something else, or its schema is not supported.</exception>
    public static TextGrammar? Of(JsonElement format, string param, bool isNested)
    {
        if (format.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        if (format.ValueKind != JsonValueKind.Object || !format.TryGetProperty("type", out var type))
            throw ApiException.Bad(param, $"found {format.ValueKind}; expected an object with a type");
        switch (JsonText.Of(type, $"{param}.type"))
        {
            case "text":
                return null;
            case "json_object":
                return TextGrammar.AnyObject;
            case "json_schema":
                var holder = format;
                if (isNested && (!format.TryGetProperty("json_schema", out holder) || holder.ValueKind != JsonValueKind.Object))
                    throw ApiException.Bad($"{param}.json_schema", "found no json_schema; expected an object with a name and a schema");
                var place = isNested ? $"{param}.json_schema.schema" : $"{param}.schema";
                if (!holder.TryGetProperty("schema", out var schema))
                    throw ApiException.Bad(place, "found no schema; expected a JSON Schema");
                return Schema(schema, param);
            case var other:
                throw ApiException.Bad($"{param}.type", $"found '{other}'; expected text, json_object or json_schema");
        }
    }

    /// <summary>The grammar of a schema.</summary>
    /// <exception cref="ApiException">It is not supported.</exception>
    public static TextGrammar Schema(JsonElement schema, string param) =>
        ApiException.Checking(param, () => TextGrammar.OfSchema(schema));
}
