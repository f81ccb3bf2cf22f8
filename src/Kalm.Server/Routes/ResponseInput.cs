using System.Text.Json;
using Kalm.Language.Chat;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the items of a request as turns of a chat.</summary>
internal static class ResponseInput
{
    /// <summary>The turns.</summary>
    /// <exception cref="ApiException">They are not what was expected.</exception>
    public static IReadOnlyList<ChatTurn> Of(JsonElement input, string? instructions, ServerLimits limits)
    {
        var turns = new List<ChatTurn>();
        if (!string.IsNullOrEmpty(instructions))
            turns.Add(new ChatTurn("system", instructions));
        if (input.ValueKind == JsonValueKind.String)
            return [.. turns, new ChatTurn("user", JsonText.Of(input, "input"))];
        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() == 0)
            throw ApiException.Bad("input", $"found {(input.ValueKind == JsonValueKind.Undefined ? "nothing" : input.ValueKind)}; "
                + "expected a text, or a list of items");
        if (input.GetArrayLength() > limits.Messages)
            throw ApiException.Bad(
                "input", $"found {input.GetArrayLength()} items; expected at most {limits.Messages}", "too_many_messages");
        foreach (var (index, item) in input.EnumerateArray().Index())
            Add(item, $"input[{index}]", turns);
        return turns;
    }

    private static void Add(JsonElement item, string param, List<ChatTurn> turns)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw ApiException.Bad(param, $"found {item.ValueKind}; expected an object");
        switch (item.TryGetProperty("type", out _) ? Text("type") : "message")
        {
            case "message":
                Require("role", "content");
                turns.Add(new ChatTurn(Text("role") switch
                {
                    "system" or "developer" => "system",
                    "user" => "user",
                    "assistant" => "assistant",
                    var other => throw ApiException.Bad(
                        $"{param}.role", $"found '{other}'; expected system, developer, user or assistant"),
                }, Content("content")));
                break;
            case "function_call":
                Require("call_id", "name", "arguments");
                var call = new ChatToolCall(Text("call_id"), Text("name"), ChatPrompt.ArgumentsOf(Text("arguments")));
                if (turns.Count > 0 && turns[^1] is { Role: "assistant" } last)
                    turns[^1] = last with { ToolCalls = [.. last.ToolCalls, call] };
                else
                    turns.Add(new ChatTurn("assistant", "") { ToolCalls = [call] });
                break;
            case "function_call_output":
                Require("call_id", "output");
                turns.Add(new ChatTurn("tool", Content("output")) { ToolCallId = Text("call_id") });
                break;
            case var other:
                throw ApiException.Bad(
                    $"{param}.type", $"found '{other}'; expected message, function_call or function_call_output");
        }

        void Require(params IEnumerable<string> fields) =>
            KnownFields.Require(item, param, ["type", .. fields], "id", "status", "parsed_arguments");

        string Text(string field) => JsonText.Of(item.TryGetProperty(field, out var value) ? value : default, $"{param}.{field}");

        string Content(string field) =>
            ChatPrompt.TextOf(item.TryGetProperty(field, out var value) ? value : default, $"{param}.{field}");
    }
}
