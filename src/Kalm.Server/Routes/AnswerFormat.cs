using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Language.Generation.Grammar;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>What form an answer is to have.</summary>
internal static class AnswerFormat
{
    /// <summary>What the model may write in a format, or to call functions; null for anything.</summary>
    /// <param name="tools">The functions; null for none.</param>
    /// <param name="format">As for <see cref="SchemaOf"/>.</param>
    /// <param name="param">The field.</param>
    /// <param name="isNested">As for <see cref="SchemaOf"/>.</param>
    /// <exception cref="ApiException">The format is none, or a schema is not supported.</exception>
    public static TextGrammar? Grammar(ToolSet? tools, JsonElement format, string param, bool isNested)
    {
        var form = SchemaOf(format, param, isNested);
        // A fault of the form is told of the form, not of the tools.
        if (tools is not null && form is not null)
            ApiException.Checking(param, () => TextGrammar.OfSchema(form.Value));
        return ApiException.Checking(tools is null ? param : "tools", () => ToolSet.Grammar(tools, form));
    }

    /// <summary>The schema of a format; null for text.</summary>
    /// <param name="format">text, json_object, or json_schema with a schema; json_object may have one too.</param>
    /// <param name="param">The field.</param>
    /// <param name="isNested">Whether the schema stands under json_schema, as in chats.</param>
    /// <exception cref="ApiException">It is something else.</exception>
    private static JsonElement? SchemaOf(JsonElement format, string param, bool isNested)
    {
        if (format.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        if (format.ValueKind != JsonValueKind.Object || !format.TryGetProperty("type", out var type))
            throw ApiException.Bad(param, $"found {format.ValueKind}; expected an object with a type");
        switch (JsonText.Of(type, $"{param}.type"))
        {
            case "text":
                KnownFields.Require(format, param, ["type"]);
                return null;
            case "json_object":
                // Some clients give a schema here too.
                KnownFields.Require(format, param, ["type", "schema"]);
                return format.TryGetProperty("schema", out var own) && own.ValueKind != JsonValueKind.Null
                    ? own : ToolSet.AnyObject;
            case "json_schema":
                var holder = format;
                if (isNested && (!format.TryGetProperty("json_schema", out holder) || holder.ValueKind != JsonValueKind.Object))
                    throw ApiException.Bad($"{param}.json_schema", "found no json_schema; expected an object with a name and a schema");
                var place = isNested ? $"{param}.json_schema" : param;
                if (isNested)
                    KnownFields.Require(format, param, ["type", "json_schema"]);
                KnownFields.Require(holder, place, ["name", "description", "strict", "schema"], isNested ? [] : ["type"]);
                if (!holder.TryGetProperty("schema", out var schema))
                    throw ApiException.Bad($"{place}.schema", "found no schema; expected a JSON Schema");
                return schema;
            case var other:
                throw ApiException.Bad($"{param}.type", $"found '{other}'; expected text, json_object or json_schema");
        }
    }
}
