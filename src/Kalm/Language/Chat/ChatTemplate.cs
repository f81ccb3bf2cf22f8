using System.Text.Json;
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

    private ChatTemplate(string name, string source, IReadOnlyList<(string Name, string Text)> tokens)
    {
        (this.name, template, this.tokens) = (name, Template.Parse(source), tokens);
        TakesTools = source.Contains("tools", StringComparison.Ordinal) && source.Contains("tool_calls", StringComparison.Ordinal);
    }

    /// <summary>Whether it has words for tools, for calls of them, and for what they answer.</summary>
    public bool TakesTools { get; }

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
        Telling(name, () => new ChatTemplate(name, source, tokens ?? []));

    /// <summary>A chat in the model's words, up to where the assistant answers.</summary>
    /// <param name="turns">What was said.</param>
    /// <param name="asksForAnswer">Whether the opening of the assistant's turn is added.</param>
    /// <param name="now">The time, for templates that tell it; the present when null.</param>
    /// <param name="tools">Tools that the assistant may call, each as OpenAI's clients describe it; null for none.</param>
    /// <exception cref="KalmException">The template refuses the chat, or takes too long.</exception>
    public RenderedChat Render(
        IReadOnlyList<ChatTurn> turns, bool asksForAnswer = true, DateTimeOffset? now = null, IReadOnlyList<JsonElement>? tools = null)
    {
        var values = new Dictionary<string, object?>(tokens.Select(token => KeyValuePair.Create(token.Name, (object?)token.Text)))
        {
            ["messages"] = turns.Select(Message).ToList(),
            ["tools"] = tools?.Select(Said).ToList(),
            ["documents"] = null,
            ["add_generation_prompt"] = asksForAnswer,
        };
        return Telling(name, () => new RenderedChat(template.Render(values, now ?? DateTimeOffset.Now)));
    }

    private static Dictionary<string, object?> Message(ChatTurn turn)
    {
        var message = new Dictionary<string, object?> { ["role"] = turn.Role, ["content"] = MarkedText.OfSaid(turn.Text) };
        if (turn.ToolCalls.Count > 0)
            message["tool_calls"] = turn.ToolCalls.Select(call => (object?)new Dictionary<string, object?>
            {
                ["id"] = MarkedText.OfSaid(call.Id), ["type"] = "function",
                ["function"] = new Dictionary<string, object?>
                {
                    ["name"] = MarkedText.OfSaid(call.Name), ["arguments"] = Said(call.Arguments),
                },
            }).ToList();
        if (turn.ToolCallId is { } answered)
            message["tool_call_id"] = MarkedText.OfSaid(answered);
        if (turn.Name is { } name)
            message["name"] = MarkedText.OfSaid(name);
        return message;
    }

    private static object? Said(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().GroupBy(field => field.Name)
            .ToDictionary(fields => fields.Key, fields => Said(fields.Last().Value)),
        JsonValueKind.Array => value.EnumerateArray().Select(Said).ToList(),
        JsonValueKind.String => MarkedText.OfSaid(value.GetString()!),
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? whole : value.GetDouble(),
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        _ => null,
    };

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

    /// <summary>What the model reads, control tokens by their texts.</summary>
    public string Text => text.Value;

    /// <summary>The token ids; nothing is put before or behind them that the template did not write.</summary>
    public int[] Encode(Tokenizer tokenizer) => text.Origin is not { } origin ? tokenizer.Encode(text.Value)
        : tokenizer.Encode(text.Value, (start, length) => !origin.AsSpan(start, length).Contains(MarkedText.Said));
}
