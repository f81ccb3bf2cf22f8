using System.CommandLine;
using Kalm.Server;

namespace Kalm.Cli;

/// <summary>The options that say what one client may ask of a server; <c>GET /v1/limits</c> tells them.</summary>
internal sealed class LimitOptions
{
    private const int Mebi = 1 << 20;
    private const string Seconds = "SECONDS";
    private static readonly ServerLimits Defaults = new();

    private readonly Option<int?> queue = Options.Whole(
        "--queue", $"requests that may wait for the model before others are refused [default: {Defaults.Queue}]");

    private readonly Option<int?> waiting = Options.Whole(
        "--max-queue-time", "seconds that a request may wait for the model before it is refused with 429 "
            + $"[default: {Defaults.QueueTime.TotalSeconds}]", placeholder: Seconds);

    private readonly Option<int?> chats = Options.Whole(
        "--chats", $"chats that are written at the same time; others wait [default: {Defaults.Chats}]");

    private readonly Option<int?> prefixes = Options.Whole(
        "--prefix-cache", "memory for keys and values of chats that have ended, so that what begins alike is not read again, in MiB "
            + $"[default: {Defaults.PrefixBytes / Mebi}]", least: 0, placeholder: "MIB");

    private readonly Option<int?> tokens = Options.Whole(
        "--max-tokens", $"tokens that one choice of a chat may have [default: {Defaults.NewTokens}]");

    private readonly Option<int?> writing = Options.Whole(
        "--max-chat-time", "seconds that a chat may be written; it ends there as if its tokens had run out [default: none]",
        placeholder: Seconds);

    private readonly Option<int?> choices = Options.Whole(
        "--max-choices", $"choices of one chat (n) [default: {Defaults.Choices}]");

    private readonly Option<int?> messages = Options.Whole(
        "--max-messages", $"messages of one chat [default: {Defaults.Messages}]");

    private readonly Option<int?> body = Options.Whole(
        "--max-body", $"size of a request's body in MiB [default: {Defaults.BodyBytes / Mebi}]", placeholder: "MIB");

    private readonly Option<int?> seconds = Options.Whole(
        "--max-body-time", $"seconds that a request's body may take to come [default: {Defaults.BodyTime.TotalSeconds}]",
        placeholder: Seconds);

    private readonly Option<int?> depth = Options.Whole(
        "--max-depth", $"how deep the JSON of a request may be nested [default: {Defaults.JsonDepth}]");

    private readonly Option<int?> inputs = Options.Whole(
        "--max-inputs", $"texts of one request for vectors or scores [default: {Defaults.Inputs}]");

    private readonly Option<int?> characters = Options.Whole(
        "--max-characters", $"characters of one text, or of all messages of a chat [default: {Defaults.TextCharacters}]");

    private readonly Option<int?> answers = Options.Whole(
        "--max-answers", $"answers of one completion, entities of one search, facts of one entity [default: {Defaults.Answers}]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option<int?>[] options =
        [
            queue, waiting, chats, prefixes, tokens, writing, choices, messages, body, seconds, depth, inputs, characters, answers,
        ];
        foreach (var option in options)
            command.Add(option);
    }

    /// <summary>Adds those that count where no HTTP is spoken and no chat is written.</summary>
    public void AddThoseOfTextsTo(Command command)
    {
        foreach (var option in new[] { queue, inputs, characters, answers })
            command.Add(option);
    }

    /// <summary>The limits wanted.</summary>
    public ServerLimits Of(ParseResult parse) => Defaults with
    {
        Queue = parse.GetValue(queue) ?? Defaults.Queue,
        QueueTime = parse.GetValue(waiting) is { } patience ? TimeSpan.FromSeconds(patience) : Defaults.QueueTime,
        Chats = parse.GetValue(chats) ?? Defaults.Chats,
        PrefixBytes = parse.GetValue(prefixes) is { } memory ? (long)memory * Mebi : Defaults.PrefixBytes,
        NewTokens = parse.GetValue(tokens) ?? Defaults.NewTokens,
        ChatTime = parse.GetValue(writing) is { } longest ? TimeSpan.FromSeconds(longest) : Defaults.ChatTime,
        Choices = parse.GetValue(choices) ?? Defaults.Choices,
        Messages = parse.GetValue(messages) ?? Defaults.Messages,
        BodyBytes = parse.GetValue(body) is { } size ? (long)size * Mebi : Defaults.BodyBytes,
        BodyTime = parse.GetValue(seconds) is { } time ? TimeSpan.FromSeconds(time) : Defaults.BodyTime,
        JsonDepth = parse.GetValue(depth) ?? Defaults.JsonDepth,
        Inputs = parse.GetValue(inputs) ?? Defaults.Inputs,
        TextCharacters = parse.GetValue(characters) ?? Defaults.TextCharacters,
        Answers = parse.GetValue(answers) ?? Defaults.Answers,
    };
}
