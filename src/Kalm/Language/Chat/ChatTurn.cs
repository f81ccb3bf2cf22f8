using System.Text.Json;

namespace Kalm.Language.Chat;

/// <summary>What somebody said in a chat.</summary>
/// <param name="Role">system, user, assistant or tool; a template may know others.</param>
/// <param name="Text">What was said.</param>
public sealed record ChatTurn(string Role, string Text)
{
    /// <summary>The tools that the assistant called.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Who speaks, where it was told.</summary>
    public string? Name { get; init; }
}

/// <summary>What a model asks a tool to do.</summary>
/// <param name="Id">What tells it from others.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">What it was given, normally an object.</param>
public sealed record ChatToolCall(string Id, string Name, JsonElement Arguments);
