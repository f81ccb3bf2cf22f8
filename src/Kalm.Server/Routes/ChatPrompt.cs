using System.Text.Json;
using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Puts a chat into the words that the model was trained on: a question is an instruction, earlier questions with their answers are
/// examples before it, and what the system says stands before the first question.</summary>
internal sealed class ChatPrompt(ServerLimits limits)
{
    /// <summary>The prompt's tokens. Of a chat that finds no room the oldest turns are left out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="messages">The chat.</param>
    /// <param name="reserved">Tokens to be left for the answer, where the context is large enough.</param>
    /// <exception cref="ApiException">The chat is not one, or its last question does not fit.</exception>
    public int[] Of(LoadedModel model, IReadOnlyList<ChatMessage>? messages, int reserved)
    {
        if (messages is null || messages.Count == 0)
            throw ApiException.Bad("messages", "found no messages; expected at least one", "missing_value");
        if (messages.Count > limits.Messages)
            throw ApiException.Bad("messages", $"found {messages.Count} messages; expected at most {limits.Messages}", "too_many_messages");
        if (TemplateOf(model.Folder.Base) is { } template)
            throw ApiException.Bad(
                "messages", $"the model's chat template ({template}) is not supported; expected a model without one, which is asked in the wording it was aligned with",
                "chat_template_unsupported");
        var said = messages.Select((message, index) => (Role: RoleOf(message, index), Text: TextOf(message, index))).ToList();
        Checks.NotTooLong("messages", string.Concat(said.Select(message => message.Text)), limits);
        var system = string.Join("\n", said.Where(message => message.Role == "system").Select(message => message.Text));
        var turns = Turns([.. said.Where(message => message.Role != "system")]);
        if (system.Length > 0)
            turns[0] = turns[0] with { Question = $"{system}\n{turns[0].Question}" };

        var questions = model.Wording.Questions;
        var shots = turns.SkipLast(1).Select(turn => new Shot(questions.Free(turn.Question), model.Model.Tokenizer.Encode(turn.Answer!))).ToList();
        var context = model.Decoder.Config.MaxPositions;
        return ApiException.Checking("messages", () => questions.Ask(questions.Free(turns[^1].Question), shots, context - Math.Clamp(reserved, 1, context / 2)).Tokens);
    }

    private static List<(string Question, string? Answer)> Turns(IReadOnlyList<(string Role, string Text)> said)
    {
        var turns = new List<(string Question, string? Answer)>();
        foreach (var (role, text) in said)
            if (role == "user")
                // Two questions in a row are one.
                if (turns.Count > 0 && turns[^1].Answer is null)
                    turns[^1] = ($"{turns[^1].Question}\n{text}", null);
                else
                    turns.Add((text, null));
            else if (turns.Count > 0)
                turns[^1] = (turns[^1].Question, turns[^1].Answer is { } earlier ? $"{earlier}\n{text}" : text);
        if (turns.Count == 0 || turns[^1].Answer is not null)
            throw ApiException.Bad("messages", "the last message is not the user's; expected a question to answer");
        return turns;
    }

    private static string RoleOf(ChatMessage? message, int index) => message?.Role switch
    {
        "system" or "developer" => "system",
        "user" => "user",
        "assistant" => "assistant",
        var other => throw ApiException.Bad($"messages[{index}].role", $"found '{other}'; expected system, developer, user or assistant"),
    };

    private static string TextOf(ChatMessage message, int index)
    {
        var param = $"messages[{index}].content";
        if (message.Content.ValueKind != JsonValueKind.Array)
            return JsonText.Of(message.Content, param);
        return string.Concat(message.Content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text")
            && part.TryGetProperty("text", out var text)
                ? JsonText.Of(text, param) : throw ApiException.Bad(param, "found a part that is no text; expected parts of type text only")));
    }

    private static string? TemplateOf(string folder)
    {
        if (File.Exists(Path.Combine(folder, "chat_template.jinja")))
            return "chat_template.jinja";
        var config = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(config))
            return null;
        using var json = JsonDocument.Parse(File.ReadAllBytes(config));
        return json.RootElement.TryGetProperty("chat_template", out var template) && template.ValueKind != JsonValueKind.Null ? "tokenizer_config.json" : null;
    }
}
