using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kalm.Language.Chat;

/// <summary>Tools in plain words, for models whose template has none for them: the form that Hermes and Qwen models were taught.</summary>
public static class ToolWords
{
    /// <summary>What stands before a call.</summary>
    public const string CallStart = "<tool_call>";

    /// <summary>What stands behind it.</summary>
    public const string CallEnd = "</tool_call>";

    private static readonly JsonSerializerOptions Spelling = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A chat whose tools, calls and answers are text: what there is to call is said by the system, a call by the assistant, an
    /// answer by the user.</summary>
    /// <param name="turns">What was said.</param>
    /// <param name="tools">The tools, each as OpenAI's clients describe it.</param>
    public static IReadOnlyList<ChatTurn> Plain(IReadOnlyList<ChatTurn> turns, IReadOnlyList<JsonElement> tools)
    {
        var plain = new List<ChatTurn>();
        foreach (var turn in turns)
        {
            var said = turn.Role == "tool" ? $"<tool_response>\n{turn.Text}\n</tool_response>" : string.Join("\n", (string[])
                [.. turn.Text.Length > 0 || turn.ToolCalls.Count == 0 ? (string[])[turn.Text] : [], .. turn.ToolCalls.Select(Call)]);
            var isAnswer = turn.Role == "tool";
            if (isAnswer && plain.Count > 0 && plain[^1].ToolCallId is not null)
                plain[^1] = plain[^1] with { Text = $"{plain[^1].Text}\n{said}" };
            else
                plain.Add(new ChatTurn(isAnswer ? "user" : turn.Role, said) { ToolCallId = isAnswer ? turn.ToolCallId ?? "" : null });
        }
        if (tools.Count == 0)
            return plain;
        var about = $"You may call these functions:\n<tools>\n{string.Join("\n", tools.Select(tool => tool.GetRawText()))}\n</tools>\n"
            + $"To call one, write its name and arguments as JSON:\n{CallStart}\n"
            + "{\"name\": NAME, \"arguments\": {...}}\n" + CallEnd;
        if (plain.Count > 0 && plain[0].Role == "system")
            plain[0] = plain[0] with { Text = $"{plain[0].Text}\n\n{about}" };
        else
            plain.Insert(0, new ChatTurn("system", about));
        return plain;
    }

    private static string Call(ChatToolCall call) => $"{CallStart}\n{{\"name\": {JsonSerializer.Serialize(call.Name, Spelling)}, "
        + $"\"arguments\": {call.Arguments.GetRawText()}}}\n{CallEnd}";
}
