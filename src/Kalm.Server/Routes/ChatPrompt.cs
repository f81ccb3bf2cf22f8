using System.Text.Json;
using Kalm.Language.Chat;
using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the messages of a request and puts them into the model's words.</summary>
internal sealed class ChatPrompt(ServerLimits limits)
{
    /// <summary>The prompt's tokens, however many they are.</summary>
    /// <param name="chats">The model's words.</param>
    /// <param name="request">The chat.</param>
    /// <param name="tools">The tools; null for none.</param>
    /// <exception cref="ApiException">The chat is not one.</exception>
    public int[] Of(ChatWording chats, ChatRequest request, ToolSet? tools)
    {
        var messages = request.Messages;
        if (messages is null || messages.Count == 0)
            throw ApiException.Bad("messages", "found no messages; expected at least one", "missing_value");
        if (messages.Count > limits.Messages)
            throw ApiException.Bad("messages", $"found {messages.Count} messages; expected at most {limits.Messages}", "too_many_messages");
        if (request is { ContinueFinalMessage: true, AddGenerationPrompt: true })
            throw ApiException.Bad("add_generation_prompt", "found add_generation_prompt and continue_final_message; expected one of them");
        return Of(chats, [.. messages.Select((message, index) => TurnOf(message, index))], tools,
            request.ContinueFinalMessage ?? request.AddGenerationPrompt != true);
    }

    /// <summary>The same of turns that are read.</summary>
    public static int[] Of(ChatWording chats, IReadOnlyList<ChatTurn> turns, ToolSet? tools, bool continuesLast = true)
    {
        if (chats.Refusal is { } refusal)
            throw ApiException.Bad("messages", $"the model's chat template cannot be used: {refusal}", "chat_template_unsupported");
        var prompt = ApiException.Checking("messages", () => chats.Prompt(turns, tools?.Described, continuesLast));
        return tools?.Lead is { } lead ? [.. prompt, .. chats.Encode(lead)] : prompt;
    }

    /// <summary>What a message says.</summary>
    /// <exception cref="ApiException">It is no text.</exception>
    public static string TextOf(JsonElement content, string param)
    {
        if (content.ValueKind != JsonValueKind.Array)
            return JsonText.Of(content, param);
        return string.Concat(content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            && (type.ValueEquals("text") || type.ValueEquals("input_text") || type.ValueEquals("output_text"))
            && part.TryGetProperty("text", out var text)
                ? JsonText.Of(text, param)
                : throw ApiException.Bad(param, "found a part that is no text; expected parts of type text only")));
    }

    private static ChatTurn TurnOf(ChatMessage? message, int index)
    {
        var param = $"messages[{index}]";
        var role = message?.Role switch
        {
            "system" or "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            "tool" => "tool",
            var other => throw ApiException.Bad(
                $"{param}.role", $"found '{other}'; expected system, developer, user, assistant or tool"),
        };
        var content = message!.Content;
        var isEmpty = content.ValueKind == JsonValueKind.Null
            || (content.ValueKind == JsonValueKind.Undefined && message.ToolCalls is { Count: > 0 });
        if (message.ToolCalls is { Count: > 0 } && role != "assistant")
            throw ApiException.Bad($"{param}.tool_calls", $"found calls of {role}; expected them of assistant alone");
        if (role == "tool" && message.ToolCallId is null)
            throw ApiException.Bad($"{param}.tool_call_id", "found none; expected the id of the call that is answered", "missing_value");
        return new ChatTurn(role, isEmpty && role == "assistant" ? "" : TextOf(content, $"{param}.content"))
        {
            ToolCalls = [.. (message.ToolCalls ?? []).Select((call, number) => CallOf(call, $"{param}.tool_calls[{number}]"))],
            ToolCallId = message.ToolCallId, Name = message.Name,
        };
    }

    private static ChatToolCall CallOf(ChatCall? call, string param)
    {
        if (call?.Function?.Name is not { Length: > 0 } name)
            throw ApiException.Bad($"{param}.function.name", "found none; expected the function that was called", "missing_value");
        return new ChatToolCall(call.Id ?? "", name, ArgumentsOf(call.Function.Arguments));
    }

    /// <summary>Arguments as they were written: JSON, or a text that is none.</summary>
    public static JsonElement ArgumentsOf(string? arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
            return JsonSerializer.SerializeToElement(new Dictionary<string, string>());
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(arguments, Wire.Options);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(arguments);
        }
    }
}
