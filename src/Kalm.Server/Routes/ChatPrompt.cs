using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Language.Chat;
using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the messages of a request and puts them into the model's words.</summary>
internal sealed class ChatPrompt(ServerLimits limits)
{
    // What clients of other services mark messages with.
    private static readonly string[] Marks = ["cache_control"];

    // What clients keep beside an answer, and send back with it: thoughts, sources, what they read out of it.
    private static readonly string[] ReplyRemarks =
    [
        .. Marks, "annotations", "parsed", "reasoning", "reasoning_content", "reasoning_details", "thinking_blocks",
        "provider_specific_fields",
    ];

    private static readonly string[] PartRemarks = [.. Marks, "annotations", "logprobs", "parsed"];
    private static readonly string[] CallRemarks =
        [.. Marks, "index", "parsed_arguments", "extra_content", "provider_specific_fields"];

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
        return ApiException.Checking("messages", () => ToolSet.Prompt(chats, turns, tools, continuesLast));
    }

    /// <summary>What a message says.</summary>
    /// <exception cref="ApiException">It is no text.</exception>
    public static string TextOf(JsonElement content, string param) => content.ValueKind == JsonValueKind.Array
        ? string.Concat(content.EnumerateArray().Select((part, index) => PartOf(part, $"{param}[{index}]")))
        : JsonText.Of(content, param);

    private static string PartOf(JsonElement part, string param)
    {
        if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty("type", out var type))
            throw ApiException.Bad(param, $"found {part.ValueKind}; expected a part with a type");
        var kind = JsonText.Of(type, $"{param}.type");
        var field = kind == "refusal" ? "refusal" : "text";
        // A picture or a sound is named by the field that holds it.
        KnownFields.Require(part, param, ["type", field], PartRemarks);
        if (kind is not ("text" or "input_text" or "output_text" or "refusal"))
            throw ApiException.Bad($"{param}.type", $"found '{kind}'; expected text: this model reads nothing else");
        return JsonText.Of(part.TryGetProperty(field, out var text) ? text : default, $"{param}.{field}");
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
        message!.RequireKnown(param, role == "assistant" ? ReplyRemarks : Marks);
        var content = message.Content;
        var isEmpty = content.ValueKind == JsonValueKind.Null
            || (content.ValueKind == JsonValueKind.Undefined && message.ToolCalls is { Count: > 0 });
        if (message.ToolCalls is { Count: > 0 } && role != "assistant")
            throw ApiException.Bad($"{param}.tool_calls", $"found calls of {role}; expected them of assistant alone");
        if (role == "tool" && message.ToolCallId is null)
            throw ApiException.Bad($"{param}.tool_call_id", "found none; expected the id of the call that is answered", "missing_value");
        return new ChatTurn(role, isEmpty && role == "assistant" ? message.Refusal ?? "" : TextOf(content, $"{param}.content"))
        {
            ToolCalls = [.. (message.ToolCalls ?? []).Select((call, number) => CallOf(call, $"{param}.tool_calls[{number}]"))],
            ToolCallId = message.ToolCallId, Name = message.Name,
        };
    }

    private static ChatToolCall CallOf(ChatCall? call, string param)
    {
        call?.RequireKnown(param, CallRemarks);
        call?.Function?.RequireKnown($"{param}.function", CallRemarks);
        if (call?.Type is not (null or "function"))
            throw ApiException.Bad($"{param}.type", $"found '{call.Type}'; expected function");
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
            return JsonSerializer.Deserialize<JsonElement>(arguments, Wire.Quoted);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(arguments);
        }
    }
}
