using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Language.Chat;
using Kalm.Language.Generation.Grammar;
using Kalm.Representation;

namespace Kalm.Extensions.Inference;

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
    private static readonly JsonSerializerOptions Spelling = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What stands before the arguments where only one function can be called; null where the model chooses.</summary>
    public string? Lead => IsForced && Functions.Count == 1
        ? $"{{\"name\": {JsonSerializer.Serialize(Functions[0].Name, Spelling)}, \"arguments\": " : null;

    /// <summary>The prompt's tokens of a chat in which functions may be called.</summary>
    /// <param name="chats">The model's words.</param>
    /// <param name="said">The turns.</param>
    /// <param name="tools">The functions; null for none.</param>
    /// <param name="continuesLast">Whether a last turn of the assistant is gone on with.</param>
    /// <exception cref="KalmException">The model's template refuses the chat.</exception>
    public static int[] Prompt(ChatWording chats, IReadOnlyList<ChatTurn> said, ToolSet? tools, bool continuesLast = true)
    {
        var prompt = chats.Prompt(said, tools?.Described, continuesLast);
        return tools?.Lead is { } lead ? [.. prompt, .. chats.Encode(lead)] : prompt;
    }

    /// <summary>The schema of arguments where there are none.</summary>
    public static JsonElement NoArguments { get; } = JsonSerializer.SerializeToElement(new Dictionary<string, object>
    {
        ["type"] = "object", ["properties"] = new { }, ["additionalProperties"] = false,
    });

    /// <summary>The schema of any object.</summary>
    public static JsonElement AnyObject { get; } = JsonSerializer.SerializeToElement(new { type = "object" });

    /// <summary>What the model may write: a call, where it must call; else an answer of a form, or a call where it may.</summary>
    /// <param name="tools">The functions; null for none.</param>
    /// <param name="form">The schema that an answer must have; null for any text.</param>
    /// <returns>Null for anything.</returns>
    /// <exception cref="KalmException">A schema is not supported.</exception>
    public static TextGrammar? Grammar(ToolSet? tools, JsonElement? form) => (tools, form) switch
    {
        ({ IsForced: true, Functions: [var only] }, _) => TextGrammar.OfSchema(only.Parameters ?? AnyObject),
        ({ IsForced: true } forced, _) => TextGrammar.OfCalls(forced.Functions.Select(function => (function.Name, function.Parameters))),
        (_, null) => null,
        (null, { } schema) => TextGrammar.OfSchema(schema),
        ({ } free, { } schema) => TextGrammar.OfSchema(free.CallOr(schema)),
    };

    private JsonElement CallOr(JsonElement form) => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["anyOf"] = new JsonArray([
            .. Functions.Select((function, index) => new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["const"] = function.Name },
                    ["arguments"] = Moved(function.Parameters ?? AnyObject, $"#/anyOf/{index}/properties/arguments"),
                },
                ["required"] = new JsonArray("name", "arguments"),
            }),
            Moved(form, $"#/anyOf/{Functions.Count}"),
        ]),
    });

    // A schema that refers to a part of itself does so from its own root, which now lies deeper.
    private static JsonNode? Moved(JsonElement schema, string root)
    {
        var moved = JsonNode.Parse(schema.GetRawText());
        Move(moved);
        return moved;

        void Move(JsonNode? node)
        {
            IEnumerable<JsonNode?> children = node switch
            {
                JsonObject fields => fields.Select(field => field.Value),
                JsonArray items => items,
                _ => [],
            };
            foreach (var child in children)
                Move(child);
            if (node is JsonObject words && words["$ref"] is JsonValue place && place.TryGetValue<string>(out var pointer)
                && pointer.StartsWith('#'))
                words["$ref"] = root + pointer[1..];
        }
    }
}
