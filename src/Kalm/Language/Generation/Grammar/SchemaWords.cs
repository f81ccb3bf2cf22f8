using System.Text.Json.Nodes;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Reads the words of schemas.</summary>
internal static class SchemaWords
{
    private static readonly HashSet<string> Remarks =
    [
        "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "title", "description", "default", "examples", "example",
        "deprecated", "readOnly", "writeOnly", "discriminator", "strict",
    ];

    private static readonly Dictionary<string, string> Implied = new()
    {
        ["properties"] = "object", ["required"] = "object", ["additionalProperties"] = "object",
        ["items"] = "array", ["prefixItems"] = "array", ["minItems"] = "array", ["maxItems"] = "array",
        ["minLength"] = "string", ["maxLength"] = "string", ["format"] = "string", ["pattern"] = "string",
        ["minimum"] = "number", ["maximum"] = "number", ["exclusiveMinimum"] = "number", ["exclusiveMaximum"] = "number",
    };

    private static readonly string[] Rules = ["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "nullable", .. Implied.Keys];

    /// <summary>Refuses words that are not followed.</summary>
    public static void RequireKnown(JsonObject words, string place)
    {
        foreach (var (word, value) in words)
            if (!Remarks.Contains(word) && !Rules.Contains(word) && !word.StartsWith("x-", StringComparison.Ordinal)
                && !(word is "uniqueItems" or "unevaluatedProperties" && IsFalse(value)))
                throw new KalmException(
                    $"{place}: found '{word}', which is not supported; expected only {string.Join(", ", Rules)} and remarks");
    }

    /// <summary>Whether there are rules beside a word.</summary>
    public static bool HasRules(JsonObject words, string beside) => words.Any(word => word.Key != beside && Rules.Contains(word.Key));

    /// <summary>The type that the rules are of; null when they are of none.</summary>
    public static string? ImpliedType(JsonObject words) =>
        words.Select(word => Implied.GetValueOrDefault(word.Key)).FirstOrDefault(type => type is not null);

    /// <summary>A schema whose words hold beside those of another.</summary>
    /// <exception cref="KalmException">Both say something of the same.</exception>
    public static JsonObject Merged(JsonObject words, string without, JsonNode? other, string place)
    {
        if (other is not JsonObject more)
            throw new KalmException($"{place}/{without}: found {JsonGrammar.Spell(other)} beside other rules; expected an object");
        var merged = (JsonObject)words.DeepClone();
        merged.Remove(without);
        foreach (var (word, value) in more)
            if (!merged.ContainsKey(word) || Remarks.Contains(word))
                merged[word] = value?.DeepClone();
            else if (!JsonNode.DeepEquals(merged[word], value))
                throw new KalmException($"{place}/{without}: found '{word}' in it and beside it; expected it in one place");
        return merged;
    }

    /// <summary>Refuses alternatives of which a value could be two.</summary>
    public static void RequireApart(List<JsonNode?> alternatives, string place)
    {
        for (var left = 0; left < alternatives.Count; left++)
            for (var right = left + 1; right < alternatives.Count; right++)
                if (!AreApart(alternatives[left], alternatives[right]))
                    throw new KalmException($"{place}: found alternatives {left} and {right} that a value could both be; expected other "
                        + "types, or a required property with other constants, or anyOf");
    }

    /// <summary>A list.</summary>
    public static IReadOnlyList<JsonNode?> List(JsonNode? value, string place) => value is JsonArray list
        ? [.. list] : throw new KalmException($"{place}: found {JsonGrammar.Spell(value)}; expected a list");

    /// <summary>A text.</summary>
    public static string Text(JsonNode? value, string place) => value is JsonValue text && text.TryGetValue<string>(out var found)
        ? found : throw new KalmException($"{place}: found {JsonGrammar.Spell(value)}; expected a text");

    /// <summary>The least and the most of a count.</summary>
    public static (int Least, int Most) Counts(JsonObject words, string least, string most, string place)
    {
        return (Count(least, 0), Count(most, RepeatNode.Unbounded));

        int Count(string word, int absent) => words[word] switch
        {
            null => absent,
            JsonValue value when value.TryGetValue<int>(out var count) && count >= 0 => count,
            var other => throw new KalmException($"{place}/{word}: found {JsonGrammar.Spell(other)}; expected a whole number, 0 or more"),
        };
    }

    /// <summary>A bound of numbers, in one of its two spellings; null for none.</summary>
    public static NumberBound? Bound(JsonObject words, string word, string exclusive, bool isLower, string place)
    {
        var (own, other) = (Number(word), Number(exclusive));
        if (own is null || other is null)
            return own is { } closed
                ? new NumberBound(closed, words[exclusive] is JsonValue old && old.TryGetValue<bool>(out var isOpen) && isOpen)
                : other is { } open ? new NumberBound(open, true) : null;
        return (isLower ? other >= own : other <= own) ? new NumberBound(other.Value, true) : new NumberBound(own.Value, false);

        decimal? Number(string name) => words[name] switch
        {
            null => null,
            JsonValue value when value.TryGetValue<decimal>(out var number) => number,
            // Draft 4 says true where the bound beside it is meant.
            JsonValue value when name == exclusive && value.TryGetValue<bool>(out _) => null,
            JsonValue value when value.TryGetValue<double>(out var huge) && Math.Abs(huge) > 1e15 && huge > 0 != isLower => null,
            var found => throw new KalmException($"{place}/{name}: found {JsonGrammar.Spell(found)}; expected a number"),
        };
    }

    /// <summary>The type of a value.</summary>
    public static string TypeOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        JsonValue text when text.TryGetValue<string>(out _) => "string",
        JsonValue truth when truth.TryGetValue<bool>(out _) => "boolean",
        JsonValue number when number.TryGetValue<long>(out _) => "integer",
        _ => "number",
    };

    private static bool IsFalse(JsonNode? value) => value is JsonValue truth && truth.TryGetValue<bool>(out var isTrue) && !isTrue;

    private static bool AreApart(JsonNode? left, JsonNode? right)
    {
        if (left is not JsonObject first || right is not JsonObject second)
            return false;
        if (Values(first) is { } own && Values(second) is { } others)
            return !own.Overlaps(others);
        var (types, otherTypes) = (TypesOf(first), TypesOf(second));
        if (types is not null && otherTypes is not null && !types.Overlaps(otherTypes))
            return true;
        return first["properties"] is JsonObject properties && second["properties"] is JsonObject otherProperties
            && properties.Any(property => IsRequired(first, property.Key) && IsRequired(second, property.Key)
                && property.Value is JsonObject here && otherProperties[property.Key] is JsonObject there
                && Values(here) is { } ways && Values(there) is { } otherWays && !ways.Overlaps(otherWays));
    }

    private static HashSet<string>? Values(JsonObject words) => words.ContainsKey("const") ? [JsonGrammar.Spell(words["const"])]
        : words["enum"] is JsonArray values ? [.. values.Select(JsonGrammar.Spell)] : null;

    // A whole number is a number.
    private static HashSet<string>? TypesOf(JsonObject words) => words["type"] switch
    {
        JsonArray several => [.. several.Select(type => Kind(type))],
        JsonValue one => [Kind(one)],
        _ => Values(words) is null && ImpliedType(words) is { } implied ? [implied] : null,
    };

    private static string Kind(JsonNode? type) => type?.ToString() is "integer" ? "number" : type?.ToString() ?? "";

    private static bool IsRequired(JsonObject words, string name) =>
        words["required"] is JsonArray required && required.Any(word => word?.ToString() == name);
}
