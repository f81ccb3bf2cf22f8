using System.Text.Json;
using Kalm.Language.Chat;

namespace Kalm.Representation;

/// <summary>Puts chats into the words of a model: those of its chat template where it brings one. Without one they are the words of
/// alignment: a question is an instruction, earlier questions with their answers are examples before it, and what the system says stands
/// before the first question. Safe to use from several threads.</summary>
public sealed class ChatWording
{
    private const int Unbounded = 1 << 30;
    private readonly LoadedModel model;
    private readonly ChatTemplate? template;

    /// <summary>Looks for a template.</summary>
    /// <param name="model">The model; not owned.</param>
    public ChatWording(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.model = model;
        template = model.Opened.Template;
    }

    /// <summary>Why the model's template cannot be used; null where it can, and where there is none.</summary>
    public string? Refusal => model.Opened.TemplateRefusal;

    /// <summary>Whether the model brings words of its own.</summary>
    public bool HasTemplate => template is not null;

    /// <summary>The number of tokens that prompt and answer may have together.</summary>
    public int Context => model.Decoder.Config.ContextLength;

    /// <summary>The prompt's tokens, however many they are.</summary>
    /// <param name="said">Turns of the system, the user, the assistant and its tools.</param>
    /// <param name="tools">Tools that may be called, each as OpenAI's clients describe it; null for none.</param>
    /// <param name="continuesLast">Whether a last turn of the assistant is gone on with; else it is answered like any other.</param>
    /// <exception cref="KalmException">The model's template cannot be used or refuses the chat.</exception>
    public int[] Prompt(IReadOnlyList<ChatTurn> said, IReadOnlyList<JsonElement>? tools = null, bool continuesLast = true)
    {
        ArgumentNullException.ThrowIfNull(said);
        if (Refusal is not null)
            throw new KalmException(Refusal);
        if (continuesLast && said.Count > 0 && said[^1] is { Role: "assistant", ToolCalls.Count: 0 } begun)
            return [.. Of([.. said.SkipLast(1)], tools), .. Encode(begun.Text)];
        return Of(said, tools);
    }

    /// <summary>The tokens of what an answer begins with.</summary>
    public int[] Encode(string begun) => model.Model.Tokenizer.EncodeSaid(begun);

    private int[] Of(IReadOnlyList<ChatTurn> said, IReadOnlyList<JsonElement>? tools)
    {
        if (template is null)
            return OfAlignment(ToolWords.Plain(said, tools ?? []));
        return (template.TakesTools ? template.Render(said, tools: tools) : template.Render(ToolWords.Plain(said, tools ?? [])))
            .Encode(model.Model.Tokenizer);
    }

    private int[] OfAlignment(IReadOnlyList<ChatTurn> said)
    {
        var system = string.Join("\n", said.Where(turn => turn.Role == "system").Select(turn => turn.Text));
        var turns = Turns(said.Where(turn => turn.Role != "system"));
        if (system.Length > 0)
            turns[0] = turns[0] with { Question = turns[0].Question.Length == 0 ? system : $"{system}\n{turns[0].Question}" };
        var questions = model.Wording.Questions;
        var shots = turns.SkipLast(1)
            .Select(turn => new Shot(questions.Free(turn.Question), model.Model.Tokenizer.Encode(turn.Answer!))).ToList();
        return questions.Ask(questions.Free(turns[^1].Question), shots, Unbounded).Tokens;
    }

    // The last question has no answer yet; where nobody asked, it has no words.
    private static List<(string Question, string? Answer)> Turns(IEnumerable<ChatTurn> said)
    {
        var turns = new List<(string Question, string? Answer)>();
        foreach (var (role, text) in said)
            if (role == "user")
                // Two questions in a row are one.
                if (turns.Count > 0 && turns[^1].Answer is null)
                    turns[^1] = ($"{turns[^1].Question}\n{text}", null);
                else
                    turns.Add((text, null));
            else if (turns.Count == 0)
                turns.Add(("", text));
            else
                turns[^1] = (turns[^1].Question, turns[^1].Answer is { } earlier ? $"{earlier}\n{text}" : text);
        if (turns.Count == 0 || turns[^1].Answer is not null)
            turns.Add(("", null));
        return turns;
    }
}
