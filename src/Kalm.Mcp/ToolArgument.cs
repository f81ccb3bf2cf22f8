using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Server.Http;

namespace Kalm.Mcp;

/// <summary>What an argument of a tool is.</summary>
internal enum ArgumentKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A list of texts.</summary>
    Texts,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Yes or no.</summary>
    Flag,
}

/// <summary>An argument of a tool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Summary">What a model has to know to give it.</param>
internal sealed record ToolArgument(string Name, ArgumentKind Kind, string Summary)
{
    /// <summary>Whether it must be given.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The least number, or the least length of a list.</summary>
    public int? Least { get; init; }

    /// <summary>The greatest number, or the greatest length of a list.</summary>
    public int? Most { get; init; }

    /// <summary>What counts when it is not given; null where nothing does.</summary>
    public JsonValue? Default { get; init; }

    /// <summary>The schema of all arguments of a tool.</summary>
    public static JsonElement SchemaOf(IReadOnlyList<ToolArgument> arguments) => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(arguments.Select(argument =>
            KeyValuePair.Create<string, JsonNode?>(argument.Name, argument.Schema()))),
        ["required"] = new JsonArray([.. arguments.Where(argument => argument.IsRequired).Select(argument => (JsonNode)argument.Name)]),
        ["additionalProperties"] = false,
    });

    /// <summary>Checks what is given: no argument is unknown, none is of another kind, none that is required is missing. Bounds are
    /// checked by what takes the arguments.</summary>
    /// <exception cref="ApiException">It does not fit; names the argument, what was found and what was expected.</exception>
    public static void Check(IReadOnlyList<ToolArgument> arguments, IDictionary<string, JsonElement> given)
    {
        foreach (var (name, value) in given)
        {
            var argument = arguments.FirstOrDefault(argument => argument.Name == name) ?? throw ApiException.Bad(
                name, $"found the field '{name}', which is not known here; expected only "
                    + string.Join(", ", arguments.Select(argument => argument.Name)), "unknown_field");
            if (value.ValueKind != JsonValueKind.Null && !argument.IsKindOf(value))
                throw ApiException.Bad(name, $"found {Shown(value)}; expected {argument.Expected}");
        }
        foreach (var argument in arguments)
            if (argument.IsRequired && (!given.TryGetValue(argument.Name, out var value) || value.ValueKind == JsonValueKind.Null))
                throw ApiException.Bad(argument.Name, $"{argument.Name} is missing; expected {argument.Expected}", "missing_value");
    }

    private string Expected => Kind switch
    {
        ArgumentKind.Text => "a text",
        ArgumentKind.Texts => $"a list of {Least}..{Most} texts",
        ArgumentKind.Number => $"a whole number in {Least}..{Most}",
        _ => "true or false",
    };

    private bool IsKindOf(JsonElement value) => Kind switch
    {
        ArgumentKind.Text => value.ValueKind == JsonValueKind.String,
        ArgumentKind.Texts => value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String),
        ArgumentKind.Number => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        _ => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
    };

    private static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "a text",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => value.GetRawText(),
    };

    private JsonObject Schema()
    {
        var isList = Kind == ArgumentKind.Texts;
        var schema = new JsonObject
        {
            ["type"] = Kind switch
            {
                ArgumentKind.Text => "string", ArgumentKind.Texts => "array", ArgumentKind.Number => "integer", _ => "boolean",
            },
            ["description"] = Summary,
        };
        if (isList)
            schema["items"] = new JsonObject { ["type"] = "string" };
        if (Least is { } least)
            schema[isList ? "minItems" : "minimum"] = least;
        if (Most is { } most)
            schema[isList ? "maxItems" : "maximum"] = most;
        if (Default is not null)
            schema["default"] = Default.DeepClone();
        return schema;
    }
}
