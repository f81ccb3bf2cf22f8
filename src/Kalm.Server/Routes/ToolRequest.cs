using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the functions of a request, and the choice among them.</summary>
internal static class ToolRequest
{
    private const int MostName = 128;
    private const string Tools = "tools";
    private const string Choice = "tool_choice";
    private const string Function = "function";
    private const string Type = "type";
    private const string Name = "name";

    // What clients of other services mark tools with.
    private static readonly string[] Marks = ["cache_control"];

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
                throw ApiException.Bad(Tools, $"found {tools.ValueKind}; expected a list of functions");
            foreach (var (index, tool) in tools.EnumerateArray().Index())
            {
                functions.Add(FunctionOf(tool, $"{Tools}[{index}]", out var own));
                described.Add(JsonSerializer.SerializeToElement(new { type = Function, function = own }));
            }
        }
        if (functions.GroupBy(function => function.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw ApiException.Bad(Tools, $"found two functions named '{twice.Key}'; expected names that differ");
        var (wanted, isForced) = ChoiceOf(choice);
        if (isForced && functions.Count == 0)
            throw ApiException.Bad(Choice, "found a choice of a tool and no tools; expected both");
        if (wanted is "none" || functions.Count == 0)
            return null;
        var callable = wanted is null ? functions : functions.FindAll(function => function.Name == wanted);
        if (callable.Count == 0)
            throw ApiException.Bad(Choice, $"found the function '{wanted}'; expected one of tools");
        return new ToolSet(callable, described, isForced, isParallel != false);
    }

    private static ToolFunction FunctionOf(JsonElement tool, string param, out JsonElement own)
    {
        own = tool;
        if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty(Type, out var type))
            throw ApiException.Bad(param, $"found {tool.ValueKind}; expected an object with a type");
        if (JsonText.Of(type, $"{param}.{Type}") is not Function and var other)
            throw ApiException.Bad($"{param}.{Type}", $"found '{other}'; expected function");
        var isNested = tool.TryGetProperty(Function, out var nested);
        if (isNested)
        {
            KnownFields.Require(tool, param, [Type, Function], Marks);
            (own, param) = (nested, $"{param}.{Function}");
        }
        if (own.ValueKind != JsonValueKind.Object || !own.TryGetProperty(Name, out var named))
            throw ApiException.Bad(param, $"found {own.ValueKind}; expected an object with a name");
        KnownFields.Require(own, param, [Name, "description", "parameters", "strict"], isNested ? Marks : [Type, .. Marks]);
        var name = JsonText.Of(named, $"{param}.{Name}");
        if (name.Length is 0 or > MostName)
            throw ApiException.Bad($"{param}.{Name}", $"found a name of {name.Length} characters; expected 1..{MostName}");
        if (own.TryGetProperty("description", out var description) && description.ValueKind != JsonValueKind.Null)
            JsonText.Of(description, $"{param}.description");
        if (own.TryGetProperty("strict", out var strict)
            && strict.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null))
            throw ApiException.Bad($"{param}.strict", $"found {strict.ValueKind}; expected true or false");
        if (!own.TryGetProperty("parameters", out var parameters) || parameters.ValueKind == JsonValueKind.Null)
            return new ToolFunction(name, ToolSet.NoArguments);
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
            case JsonValueKind.Object when choice.TryGetProperty(Type, out var type) && type.ValueKind == JsonValueKind.String
                && type.ValueEquals(Function):
                var (holder, place) = choice.TryGetProperty(Function, out var nested) ? (nested, $"{Choice}.{Function}") : (choice, Choice);
                if (holder.ValueKind != JsonValueKind.Object || !holder.TryGetProperty(Name, out var name))
                    throw ApiException.Bad(Choice, $"found no name; {Expected}");
                KnownFields.Require(choice, Choice, place == Choice ? [Type, Name] : [Type, Function]);
                KnownFields.Require(holder, place, [Name], Type);
                return (JsonText.Of(name, Choice), true);
            case JsonValueKind.String:
                return JsonText.Of(choice, Choice) switch
                {
                    "auto" => (null, false),
                    "none" => ("none", false),
                    "required" or "any" => (null, true),
                    var other => throw ApiException.Bad(Choice, $"found '{other}'; {Expected}"),
                };
            default:
                throw ApiException.Bad(Choice, $"found {choice.ValueKind}; {Expected}");
        }
    }
}
