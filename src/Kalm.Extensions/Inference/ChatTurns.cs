using System.Text.Json;
using Kalm.Language.Chat;
using Microsoft.Extensions.AI;

namespace Kalm.Extensions.Inference;

/// <summary>Reads messages of Microsoft.Extensions.AI as turns of a chat, and gives calls back as their content.</summary>
internal static class ChatTurns
{
    /// <summary>The turns.</summary>
    /// <param name="messages">What was said.</param>
    /// <param name="instructions">What the system says first; null for nothing.</param>
    /// <exception cref="KalmException">A message is of another role, or holds what this model does not read.</exception>
    public static IReadOnlyList<ChatTurn> Of(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var turns = messages.SelectMany(Of).ToList();
        return string.IsNullOrEmpty(instructions) ? turns : [new ChatTurn("system", instructions), .. turns];
    }

    /// <summary>A call that the model wrote.</summary>
    public static AIContent CallOf(WrittenCall call) => FunctionCallContent.CreateFromParsedArguments(
        call.Arguments, call.Id, call.Name, static json => JsonSerializer.Deserialize<Dictionary<string, object?>>(json));

    private static IEnumerable<ChatTurn> Of(ChatMessage message)
    {
        var role = RoleOf(message.Role);
        // Thoughts and counts of an earlier answer are no part of what was said.
        var contents = message.Contents.Where(content => content is not (TextReasoningContent or UsageContent)).ToList();
        if (role == "tool")
            return contents.Count > 0 && contents.TrueForAll(content => content is FunctionResultContent)
                ? contents.Cast<FunctionResultContent>().Select(result =>
                    new ChatTurn(role, TextOf(result.Result)) { ToolCallId = result.CallId })
                : throw new KalmException("found a message of the role 'tool' that is no result; expected FunctionResultContent alone");
        if (contents.Find(content => content is not TextContent && !(role == "assistant" && content is FunctionCallContent)) is { } other)
            throw new KalmException($"found {other.GetType().Name} in a message of the role '{role}'; expected text");
        return
        [
            new ChatTurn(role, message.Text)
            {
                ToolCalls = [.. contents.OfType<FunctionCallContent>().Select(call => new ChatToolCall(
                    call.CallId, call.Name, JsonSerializer.SerializeToElement(
                        call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions)))],
            },
        ];
    }

    private static string TextOf(object? result) => result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        _ => JsonSerializer.Serialize(result, AIJsonUtilities.DefaultOptions),
    };

    private static string RoleOf(ChatRole role) => role == ChatRole.System || role.Value == "developer" ? "system"
        : role == ChatRole.User || role == ChatRole.Assistant || role == ChatRole.Tool
        ? role.Value : throw new KalmException($"found the role '{role}'; expected system, user, assistant or tool");
}
