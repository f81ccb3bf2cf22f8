using System.Text.Json;
using Kalm.Language.Generation.Grammar;
using Microsoft.Extensions.AI;

namespace Kalm.Extensions.Inference;

/// <summary>Reads the functions and the form of an answer out of the options of Microsoft.Extensions.AI.</summary>
internal static class ChatTools
{
    /// <summary>The functions that may be called; null when there are none, or none may be called.</summary>
    /// <exception cref="KalmException">A choice is of a function that is not among them, or two have one name.</exception>
    /// <exception cref="NotSupportedException">A tool is no function.</exception>
    public static ToolSet? Of(ChatOptions? options)
    {
        if (options?.Tools is not { Count: > 0 } tools || options.ToolMode is NoneChatToolMode)
            return null;
        if (tools.FirstOrDefault(tool => tool is not AIFunctionDeclaration) is { } other)
            throw new NotSupportedException($"Tools: found {other.GetType().Name}; expected functions");
        var declared = tools.Cast<AIFunctionDeclaration>().ToList();
        if (declared.GroupBy(function => function.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new KalmException($"Tools: found two functions named '{twice.Key}'; expected names that differ");
        var functions = declared.ConvertAll(function => new ToolFunction(function.Name, SchemaOf(function)));
        var required = options.ToolMode as RequiredChatToolMode;
        var callable = required?.RequiredFunctionName is { } wanted
            ? functions.FindAll(function => function.Name == wanted) : functions;
        if (callable.Count == 0)
            throw new KalmException($"ToolMode: found the function '{required!.RequiredFunctionName}'; expected one of Tools");
        return new ToolSet(
            callable, declared.ConvertAll(Described), required is not null, options.AllowMultipleToolCalls != false);
    }

    /// <summary>What the model may write; null for anything.</summary>
    /// <exception cref="KalmException">A schema is not supported.</exception>
    public static TextGrammar? Grammar(ToolSet? tools, ChatResponseFormat? format) =>
        ToolSet.Grammar(tools, format is ChatResponseFormatJson json ? json.Schema ?? ToolSet.AnyObject : null);

    private static JsonElement? SchemaOf(AIFunctionDeclaration function) =>
        function.JsonSchema is { ValueKind: JsonValueKind.Object } schema && schema.EnumerateObject().Any() ? schema : null;

    private static JsonElement Described(AIFunctionDeclaration function) => JsonSerializer.SerializeToElement(new
    {
        type = "function",
        function = new { name = function.Name, description = function.Description, parameters = SchemaOf(function) },
    });
}
