using System.Text.Json.Nodes;

namespace Kalm.Tests.Language.Generation.Grammar;

/// <summary>Schemas of every supported kind, drawn.</summary>
internal sealed class RandomSchema(Random random)
{
    private readonly RandomPattern patterns = new(random);

    public JsonObject Next()
    {
        var schema = Object(3);
        if (random.Next(3) > 0)
            return schema;
        // A list that holds itself.
        schema["$defs"] = new JsonObject
        {
            ["node"] = new JsonObject
            {
                ["type"] = "object", ["required"] = new JsonArray("value"), ["additionalProperties"] = false,
                ["properties"] = new JsonObject
                {
                    ["value"] = Value(0),
                    ["next"] = new JsonObject { ["anyOf"] = new JsonArray(Reference(), new JsonObject { ["type"] = "null" }) },
                },
            },
        };
        schema["properties"]!["list"] = Reference();
        schema["required"] = new JsonArray("list");
        return schema;

        static JsonObject Reference() => new() { ["$ref"] = "#/$defs/node" };
    }

    private JsonObject Value(int depth) => random.Next(depth > 0 ? 10 : 7) switch
    {
        0 => Text(),
        1 => Whole(),
        2 => Number(),
        3 => new JsonObject { ["type"] = random.Next(2) == 0 ? "boolean" : "null" },
        4 => new JsonObject { ["enum"] = new JsonArray("a", "ä \"quoted\"", 3, 2.5, null, true, new JsonObject { ["k"] = 1 }) },
        5 => new JsonObject { ["const"] = $"word{random.Next(9)}" },
        6 => new JsonObject { ["type"] = new JsonArray("integer", "null"), ["minimum"] = random.Next(-50, 0), ["maximum"] = random.Next(50) },
        7 => Object(depth - 1),
        8 => Array(depth - 1),
        _ => new JsonObject { [random.Next(2) == 0 ? "anyOf" : "oneOf"] = new JsonArray(Text(), Whole(), Object(depth - 1)) },
    };

    private JsonObject Object(int depth)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        for (var index = random.Next(1, 5); index > 0; index--)
        {
            properties[$"p{index}"] = Value(depth);
            if (random.Next(2) == 0)
                required.Add($"p{index}");
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        if (random.Next(2) == 0)
            schema["additionalProperties"] = false;
        return schema;
    }

    private JsonObject Array(int depth)
    {
        var least = random.Next(3);
        return new JsonObject { ["type"] = "array", ["items"] = Value(depth), ["minItems"] = least, ["maxItems"] = least + random.Next(3) };
    }

    private JsonObject Text()
    {
        if (random.Next(4) == 0)
            return new JsonObject { ["type"] = "string", ["pattern"] = patterns.Next() };
        var least = random.Next(3);
        return new JsonObject { ["type"] = "string", ["minLength"] = least, ["maxLength"] = least + random.Next(6) };
    }

    private JsonObject Whole()
    {
        var least = random.Next(-300, 300);
        return random.Next(3) switch
        {
            0 => new JsonObject { ["type"] = "integer" },
            1 => new JsonObject { ["type"] = "integer", ["minimum"] = least, ["maximum"] = least + random.Next(1500) },
            _ => new JsonObject { ["type"] = "integer", ["exclusiveMinimum"] = least },
        };
    }

    private JsonObject Number()
    {
        var least = random.Next(-2000, 2000) / 100m;
        return random.Next(3) switch
        {
            0 => new JsonObject { ["type"] = "number" },
            1 => new JsonObject { ["type"] = "number", ["minimum"] = least, ["maximum"] = least + (random.Next(1000) / 100m) },
            _ => new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = least, ["exclusiveMaximum"] = least + 0.5m },
        };
    }
}
