using System.Text.Json;
using Kalm.Language.Chat;
using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the messages of a request and puts them into the model's words.</summary>
internal sealed class ChatPrompt(ServerLimits limits)
{
    /// <summary>The prompt's tokens. Of a chat that finds no room the oldest turns are left out.</summary>
    /// <param name="chats">The model's words.</param>
    /// <param name="messages">The chat.</param>
    /// <param name="reserved">Tokens to be left for the answer, where the context is large enough.</param>
    /// <exception cref="ApiException">The chat is not one, or its last question does not fit.</exception>
    public int[] Of(ChatWording chats, IReadOnlyList<ChatMessage>? messages, int reserved)
    {
        if (messages is null || messages.Count == 0)
            throw ApiException.Bad("messages", "found no messages; expected at least one", "missing_value");
        if (messages.Count > limits.Messages)
            throw ApiException.Bad("messages", $"found {messages.Count} messages; expected at most {limits.Messages}", "too_many_messages");
        if (chats.Refusal is { } refusal)
            throw ApiException.Bad("messages", $"the model's chat template cannot be used: {refusal}", "chat_template_unsupported");
        var said = messages.Select((message, index) => new ChatTurn(RoleOf(message, index), TextOf(messages, index))).ToList();
        Checks.NotTooLong("messages", string.Concat(said.Select(turn => turn.Text)), limits);
        return ApiException.Checking("messages", () => chats.Prompt(said, reserved));
    }

    /// <summary>What a message says.</summary>
    /// <exception cref="ApiException">It is no text.</exception>
    public static string TextOf(IReadOnlyList<ChatMessage> messages, int index)
    {
        var (message, param) = (messages[index], $"messages[{index}].content");
        if (message.Content.ValueKind != JsonValueKind.Array)
            return JsonText.Of(message.Content, param);
        return string.Concat(message.Content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String && type.ValueEquals("text")
            && part.TryGetProperty("text", out var text)
                ? JsonText.Of(text, param)
                : throw ApiException.Bad(param, "found a part that is no text; expected parts of type text only")));
    }

    private static string RoleOf(ChatMessage? message, int index) => message?.Role switch
    {
        "system" or "developer" => "system",
        "user" => "user",
        "assistant" => "assistant",
        var other => throw ApiException.Bad($"messages[{index}].role", $"found '{other}'; expected system, developer, user or assistant"),
    };
}
