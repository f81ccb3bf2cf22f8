using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Mcp;

/// <summary>Checks a value against the part of JSON Schema that schemas of tools are made of.</summary>
internal static class SchemaCheck
{
    private static readonly string[] Known =
        ["type", "properties", "items", "required", "additionalProperties", "enum", "$ref", "format", "description", "default", "minimum",
            "maximum", "minItems", "maxItems"];

    /// <summary>Fails where the value does not fit, or the schema has a word that is not checked here.</summary>
    public static void Fits(JsonNode schema, JsonNode? value) => Fits(schema, schema, value, "$");

    private static void Fits(JsonNode root, JsonNode schema, JsonNode? value, string place)
    {
        if (schema is JsonValue)
        {
            Assert.True((bool)schema, $"{place}: nothing is allowed");
            return;
        }
        Assert.Empty(schema.AsObject().Select(field => field.Key).Except(Known));
        if (schema["$ref"] is { } reference)
        {
            var target = ((string)reference!).Split('/').Skip(1).Aggregate(root, (node, step) => node is JsonArray list
                ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!);
            Fits(root, target, value, place);
            return;
        }
        var type = schema["type"];
        string[] allowed = type is null ? [] : type is JsonArray list ? [.. list.Select(word => (string)word!)] : [(string)type!];
        if (allowed.Length > 0)
            Assert.True(allowed.Any(word => IsOf(word, value)), $"{place}: found {value?.ToJsonString() ?? "null"}; expected {type}");
        if (schema["enum"] is JsonArray words)
            Assert.Contains(words, word => JsonNode.DeepEquals(word, value));
        if (value is JsonArray items)
            foreach (var (index, item) in items.Index())
                Fits(root, schema["items"] ?? true, item, $"{place}[{index}]");
        if (value is not JsonObject fields)
            return;
        foreach (var name in schema["required"]?.AsArray().Select(name => (string)name!) ?? [])
            Assert.True(fields.ContainsKey(name), $"{place}: {name} is missing");
        foreach (var (name, field) in fields)
        {
            // A field that the schema does not tell would be told wrongly.
            Assert.True(schema["properties"]?[name] is not null, $"{place}: the schema does not know {name}");
            Fits(root, schema["properties"]![name]!, field, $"{place}.{name}");
        }
    }

    private static bool IsOf(string type, JsonNode? value) => (type, value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String)
            or ("number", JsonValueKind.Number) or ("null", JsonValueKind.Null)
            or ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("integer", JsonValueKind.Number) => !value!.ToJsonString().Contains('.', StringComparison.Ordinal),
        _ => false,
    };
}
