using System.Text.Json;
using Kalm.Language.Generation.Grammar;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>A function that the model may call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">The schema of its arguments; null for any object.</param>
internal sealed record ToolFunction(string Name, JsonElement? Parameters);

/// <summary>The functions of a request, and whether one must be called.</summary>
/// <param name="Functions">Those that may be called.</param>
/// <param name="Described">All of them, as the template wants them.</param>
/// <param name="IsForced">Whether one must be called.</param>
/// <param name="IsParallel">Whether several may be.</param>
internal sealed record ToolSet(
    IReadOnlyList<ToolFunction> Functions, IReadOnlyList<JsonElement> Described, bool IsForced, bool IsParallel)
{
    private const int MostName = 128;

    /// <summary>What stands before the arguments where only one function can be called; null where the model chooses.</summary>
    public string? Lead => IsForced && Functions.Count == 1
        ? $"{{\"name\": {JsonSerializer.Serialize(Functions[0].Name, Wire.Options)}, \"arguments\": " : null;

    /// <summary>Reads them.</summary>
    /// <param name="tools">The tools: functions, under <c>function</c> as in chats, or flat as in responses.</param>
    /// <param name="choice">auto, none, required, or one of them.</param>
    /// <param name="isParallel">Whether several may be called at once; null for yes.</param>
    /// <returns>Null when there are none, or none may be called.</returns>
    /// <exception cref="ApiException">They are not what was expected.</exception>
    public static ToolSet? Of(JsonElement tools, JsonElement choice, bool? isParallel)
    {
        var (functions, described) = (new List<ToolFunction>(), new List<JsonElement>());
        if (tools.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            if (tools.ValueKind != JsonValueKind.Array)
                throw ApiException.Bad("tools", $"found {tools.ValueKind}; expected a list of functions");
            foreach (var (index, tool) in tools.EnumerateArray().Index())
            {
                functions.Add(FunctionOf(tool, $"tools[{index}]", out var own));
                described.Add(JsonSerializer.SerializeToElement(new { type = "function", function = own }));
            }
        }
        if (functions.GroupBy(function => function.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw ApiException.Bad("tools", $"found two functions named '{twice.Key}'; expected names that differ");
        var (wanted, isForced) = ChoiceOf(choice);
        if (isForced && functions.Count == 0)
            throw ApiException.Bad("tool_choice", "found a choice of a tool and no tools; expected both");
        if (wanted is "none" || functions.Count == 0)
            return null;
        var callable = wanted is null ? functions : functions.FindAll(function => function.Name == wanted);
        if (callable.Count == 0)
            throw ApiException.Bad("tool_choice", $"found the function '{wanted}'; expected one of tools");
        return new ToolSet(callable, described, isForced, isParallel != false);
    }

    /// <summary>What the model may write; null for anything.</summary>
    /// <exception cref="ApiException">A schema is not supported.</exception>
    public TextGrammar? Grammar() => !IsForced ? null : ApiException.Checking("tools", () => Functions is [var only]
        ? only.Parameters is { } schema ? TextGrammar.OfSchema(schema) : TextGrammar.AnyObject
        : TextGrammar.OfCalls(Functions.Select(function => (function.Name, function.Parameters))));

    private static ToolFunction FunctionOf(JsonElement tool, string param, out JsonElement own)
    {
        own = tool;
        if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("type", out var type))
            throw ApiException.Bad(param, $"found {tool.ValueKind}; expected an object with a type");
        if (JsonText.Of(type, $"{param}.type") is not "function" and var other)
            throw ApiException.Bad($"{param}.type", $"found '{other}'; expected function");
        if (tool.TryGetProperty("function", out var nested))
            (own, param) = (nested, $"{param}.function");
        if (own.ValueKind != JsonValueKind.Object || !own.TryGetProperty("name", out var named))
            throw ApiException.Bad(param, $"found {own.ValueKind}; expected an object with a name");
        var name = JsonText.Of(named, $"{param}.name");
        if (name.Length is 0 or > MostName)
            throw ApiException.Bad($"{param}.name", $"found a name of {name.Length} characters; expected 1..{MostName}");
        if (!own.TryGetProperty("parameters", out var parameters) || parameters.ValueKind == JsonValueKind.Null)
            return new ToolFunction(name, null);
        return parameters.ValueKind == JsonValueKind.Object
            ? new ToolFunction(name, parameters.EnumerateObject().Any() ? parameters : null)
            : throw ApiException.Bad($"{param}.parameters", $"found {parameters.ValueKind}; expected a JSON Schema");
    }

    // The name of a function, none, or null for any of them.
    private static (string? Wanted, bool IsForced) ChoiceOf(JsonElement choice)
    {
        const string Expected = "expected auto, none, required, or a function by its name";
        switch (choice.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                return (null, false);
            case JsonValueKind.Object when choice.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
                && type.ValueEquals("function"):
                var holder = choice.TryGetProperty("function", out var nested) ? nested : choice;
                return holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty("name", out var name)
                    ? (JsonText.Of(name, "tool_choice"), true) : throw ApiException.Bad("tool_choice", $"found no name; {Expected}");
            case JsonValueKind.String:
                return JsonText.Of(choice, "tool_choice") switch
                {
                    "auto" => (null, false),
                    "none" => ("none", false),
                    "required" or "any" => (null, true),
                    var other => throw ApiException.Bad("tool_choice", $"found '{other}'; {Expected}"),
                };
            default:
                throw ApiException.Bad("tool_choice", $"found {choice.ValueKind}; {Expected}");
        }
    }
}
