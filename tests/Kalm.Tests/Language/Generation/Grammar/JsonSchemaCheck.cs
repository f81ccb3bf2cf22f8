using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Language.Generation.Grammar;

/// <summary>Checks values against schemas, straight from JSON Schema's definitions and knowing nothing of the grammar.</summary>
internal static class JsonSchemaCheck
{
    public static bool IsValid(JsonElement value, JsonNode? schema, JsonNode root)
    {
        if (schema is JsonValue truth)
            return truth.GetValue<bool>();
        var words = (JsonObject)schema!;
        if (words["$ref"] is { } reference)
            return IsValid(value, Target(root, (string)reference!), root);
        if (words["anyOf"] is JsonArray any && !any.Any(way => IsValid(value, way, root)))
            return false;
        if (words["oneOf"] is JsonArray one && one.Count(way => IsValid(value, way, root)) != 1)
            return false;
        if (words["enum"] is JsonArray values && !values.Any(allowed => Same(allowed, value)))
            return false;
        if (words.ContainsKey("const") && !Same(words["const"], value))
            return false;
        var types = words["type"] switch
        {
            null => null,
            JsonArray several => several.Select(type => (string)type!).ToArray(),
            var type => [(string)type!],
        };
        if (types is not null && !types.Any(type => Is(value, type)))
            return false;
        return value.ValueKind switch
        {
            JsonValueKind.Object => IsObject(value, words, root),
            JsonValueKind.Array => Count(words, "minItems", 0) <= value.GetArrayLength()
                && value.GetArrayLength() <= Count(words, "maxItems", int.MaxValue)
                && (words["items"] is not { } items || value.EnumerateArray().All(item => IsValid(item, items, root))),
            JsonValueKind.String => Length(value) >= Count(words, "minLength", 0)
                && Length(value) <= Count(words, "maxLength", int.MaxValue)
                && (words["pattern"] is not { } pattern || RandomPattern.IsMatch(value.GetString()!, (string)pattern!)),
            JsonValueKind.Number => (words["minimum"] is not { } least || value.GetDecimal() >= (decimal)least)
                && (words["maximum"] is not { } most || value.GetDecimal() <= (decimal)most)
                && (words["exclusiveMinimum"] is not { } above || value.GetDecimal() > (decimal)above)
                && (words["exclusiveMaximum"] is not { } below || value.GetDecimal() < (decimal)below),
            _ => true,
        };
    }

    private static bool IsObject(JsonElement value, JsonObject words, JsonNode root)
    {
        var fields = value.EnumerateObject().ToList();
        if (fields.DistinctBy(field => field.Name).Count() != fields.Count)
            return false;
        if (words["required"] is JsonArray required && !required.All(name => value.TryGetProperty((string)name!, out _)))
            return false;
        var properties = words["properties"] as JsonObject ?? [];
        return fields.All(field => properties.ContainsKey(field.Name)
            ? IsValid(field.Value, properties[field.Name], root)
            : words["additionalProperties"] is not { } others || IsValid(field.Value, others, root));
    }

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDecimal() % 1 == 0,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };

    private static int Length(JsonElement text) => text.GetString()!.EnumerateRunes().Count();

    private static int Count(JsonObject words, string word, int absent) => (int?)words[word] ?? absent;

    private static bool Same(JsonNode? allowed, JsonElement value) =>
        JsonNode.DeepEquals(allowed, JsonNode.Parse(value.GetRawText()));

    private static JsonNode? Target(JsonNode root, string pointer) =>
        pointer.Split('/').Skip(1).Aggregate(root, (node, name) => node[name]!);
}
