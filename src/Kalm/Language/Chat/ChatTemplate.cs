using Kalm.Language.Tokenization;
using Kalm.Templates;

namespace Kalm.Language.Chat;

/// <summary>The words that a model was taught to chat in: the chat template that its tokenizer brings, in the part of the Jinja language
/// that such templates use, with Hugging Face's settings and functions. What is not supported is refused when the template is read. A
/// rendering takes a bounded number of steps and characters, whatever the template says. Immutable, and safe to use from several
/// threads.</summary>
public sealed class ChatTemplate
{
    private readonly string name;
    private readonly Template template;
    private readonly IReadOnlyList<(string Name, string Text)> tokens;

    private ChatTemplate(string name, Template template, IReadOnlyList<(string Name, string Text)> tokens) =>
        (this.name, this.template, this.tokens) = (name, template, tokens);

    /// <summary>The template of a model folder: <c>chat_template.jinja</c>, or else <c>chat_template</c> in tokenizer_config.json (of
    /// several the one named default); null when there is none.</summary>
    /// <exception cref="KalmException">A file is faulty, or the template asks for something that is not supported; the message names it and
    /// its place.</exception>
    public static ChatTemplate? Load(string folder)
    {
        var found = ChatTemplateFiles.Find(folder);
        return found is null ? null : Parse(found.Source, found.Name, found.Tokens);
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="tokens">Texts that it may name, such as bos_token.</param>
    /// <exception cref="KalmException">It is faulty, or asks for something that is not supported.</exception>
    public static ChatTemplate Parse(
        string source, string name = "chat_template", IReadOnlyList<(string Name, string Text)>? tokens = null) =>
        Telling(name, () => new ChatTemplate(name, Template.Parse(source), tokens ?? []));

    /// <summary>A chat in the model's words, up to where the assistant answers.</summary>
    /// <param name="turns">What was said.</param>
    /// <param name="asksForAnswer">Whether the opening of the assistant's turn is added.</param>
    /// <param name="now">The time, for templates that tell it; the present when null.</param>
    /// <exception cref="KalmException">The template refuses the chat, or takes too long.</exception>
    public RenderedChat Render(IReadOnlyList<ChatTurn> turns, bool asksForAnswer = true, DateTimeOffset? now = null)
    {
        var values = new Dictionary<string, object?>(tokens.Select(token => KeyValuePair.Create(token.Name, (object?)token.Text)))
        {
            ["messages"] = turns.Select(Message).ToList(),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = asksForAnswer,
        };
        return Telling(name, () => new RenderedChat(template.Render(values, now ?? DateTimeOffset.Now)));
    }

    private static Dictionary<string, object?> Message(ChatTurn turn) =>
        new() { ["role"] = turn.Role, ["content"] = MarkedText.OfSaid(turn.Text) };

    private static T Telling<T>(string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (TemplateException fault)
        {
            throw new KalmException($"{name}({fault.Place}): {fault.Message}", fault);
        }
    }
}

/// <summary>A chat in a model's words. What the template wrote and what somebody said are told apart: only in the former is the text of a
/// control token, such as <c>&lt;|im_end|&gt;</c>, that token.</summary>
public sealed class RenderedChat
{
    private readonly MarkedText text;

    internal RenderedChat(MarkedText text) => this.text = text;

    /// <summary>The text.</summary>
    public string Text => text.Value;

    /// <summary>The token ids; nothing is put before or behind them that the template did not write.</summary>
    public int[] Encode(Tokenizer tokenizer) => text.Origin is not { } origin ? tokenizer.Encode(text.Value)
        : tokenizer.Encode(text.Value, (start, length) => !origin.AsSpan(start, length).Contains(MarkedText.Said));
}
