using Kalm.Language.Chat;

namespace Kalm.Representation;

/// <summary>Puts chats into the words of a model: those of its chat template where it brings one. Without one they are the words of
/// alignment: a question is an instruction, earlier questions with their answers are examples before it, and what the system says stands
/// before the first question. Safe to use from several threads.</summary>
public sealed class ChatWording
{
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

    /// <summary>The prompt's tokens. Of a chat that finds no room the oldest turns are left out, but not what the system says.</summary>
    /// <param name="said">Turns of the system, the user and the assistant.</param>
    /// <param name="reserved">Tokens to be left for the answer, where the context is large enough.</param>
    /// <exception cref="KalmException">The model's template cannot be used or refuses the chat, nobody has asked, or the last question
    /// does not fit.</exception>
    public int[] Prompt(IReadOnlyList<ChatTurn> said, int reserved)
    {
        if (Refusal is not null)
            throw new KalmException(Refusal);
        var positions = model.Decoder.Config.ContextLength;
        var room = positions - Math.Clamp(reserved, 1, positions / 2);
        return template is null ? OfAlignment(said, room) : OfTemplate(template, said, room);
    }

    private int[] OfTemplate(ChatTemplate words, IReadOnlyList<ChatTurn> said, int room)
    {
        if (said.Count == 0 || said[^1].Role != "user")
            throw LastIsNotTheUsers();
        var system = said.TakeWhile(turn => turn.Role == "system").ToList();
        var rest = said.Skip(system.Count).ToList();
        // A chat can begin anew wherever the user speaks after another.
        var starts = Enumerable.Range(0, rest.Count)
            .Where(index => rest[index].Role == "user" && (index == 0 || rest[index - 1].Role != "user")).ToList();
        if (starts[0] != 0)
            starts.Insert(0, 0);
        var whole = Tokens(0);
        if (whole.Length <= room)
            return whole;
        // The first start from which it fits: the fewer turns are left, the shorter it is.
        var (low, high) = (1, starts.Count);
        int[]? fitting = null;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var tokens = Tokens(middle);
            if (tokens.Length <= room)
                (fitting, high) = (tokens, middle);
            else
                low = middle + 1;
        }
        return fitting
            ?? throw new KalmException($"the last question does not fit the {room} tokens that the context leaves; expected a shorter one");

        int[] Tokens(int start) => words.Render([.. system, .. rest.Skip(starts[start])]).Encode(model.Model.Tokenizer);
    }

    private int[] OfAlignment(IReadOnlyList<ChatTurn> said, int room)
    {
        var system = string.Join("\n", said.Where(turn => turn.Role == "system").Select(turn => turn.Text));
        var turns = Turns(said.Where(turn => turn.Role != "system"));
        if (system.Length > 0)
            turns[0] = turns[0] with { Question = $"{system}\n{turns[0].Question}" };
        var questions = model.Wording.Questions;
        var shots = turns.SkipLast(1)
            .Select(turn => new Shot(questions.Free(turn.Question), model.Model.Tokenizer.Encode(turn.Answer!))).ToList();
        return questions.Ask(questions.Free(turns[^1].Question), shots, room).Tokens;
    }

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
            else if (turns.Count > 0)
                turns[^1] = (turns[^1].Question, turns[^1].Answer is { } earlier ? $"{earlier}\n{text}" : text);
        return turns.Count > 0 && turns[^1].Answer is null ? turns : throw LastIsNotTheUsers();
    }

    private static KalmException LastIsNotTheUsers() => new("the last message is not the user's; expected a question to answer");
}
