using System.CommandLine;
using Kalm.Mcp;

namespace Kalm.Cli.Verbs;

/// <summary><c>serve</c>: a model and its graph over HTTP.</summary>
internal static class ServeVerb
{
    private const int MostPort = 65535;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var serving = new ServingOptions();
        var urls = Options.Text("--urls", "URL;URL", "addresses to listen at [default: http://127.0.0.1:8080]");
        var port = Options.Whole("--port", "the port to listen at, on this machine alone, instead of --urls", 0, "PORT", MostPort);
        var key = Options.Text("--api-key", "KEY",
            "lets in only who sends Authorization: Bearer KEY, or gives it to a browser as the password; /health stays open");
        var names = Options.Several(
            "--name", "NAME", "what requests call the model, the first also in answers [default: its folder's name]");
        var origins = Options.Several(
            "--cors", "ORIGIN", "an origin whose pages may read answers, such as https://app.example; * for all [default: none]");
        var search = Options.Search();
        var ids = new Option<bool>("--token-ids")
        {
            Description = "take texts to embed as ids of the model's own tokenizer too; clients that send ids unasked send OpenAI's",
        };
        var metrics = new Option<bool>("--open-metrics") { Description = "answer /metrics without the key too" };
        var write = new Option<bool>("--mcp-write")
        {
            Description = "offer agents at /mcp the tools that add entities and facts too",
        };
        var limits = new LimitOptions();
        var ground = Options.Choice(
            "--ground", "auto answers chats from the graph where it holds the fact or the model is sure of it; never leaves them to the "
                + "model", "auto", "auto", "never");
        var command = new Command(
            "serve", "Serves a model and its graph over HTTP: completion, entities, embeddings, chat, agents at /mcp, and a page to "
                + "explore them.")
        {
            urls, port, names, key, origins, ground, ids, metrics, write,
        };
        serving.AddTo(command);
        limits.AddTo(command);
        command.SetAction(async (parse, _) =>
        {
            var options = serving.Of(parse, limits.Of(parse)) with
            {
                ApiKey = parse.GetValue(key),
                IsGrounding = parse.GetRequiredValue(ground) == "auto",
                Names = parse.GetValue(names) ?? [],
                Origins = OriginsOf(parse.GetValue(origins) ?? []),
                TakesTokenIds = parse.GetValue(ids),
                HasOpenMetrics = parse.GetValue(metrics),
            };
            VerbInputs.AtMostOne(("--urls", parse.GetValue(urls) is not null), ("--port", parse.GetValue(port) is not null));
            if (options.ApiKey?.All(character => character is > ' ' and <= '~') == false)
                throw new KalmException(
                    "--api-key: found a character that a header cannot carry; expected letters, digits and signs of ASCII without spaces");
            if (parse.GetValue(urls) is { } addresses)
                options = options with { Urls = addresses.Split(
                    ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
            if (parse.GetValue(port) is { } number)
                options = options with { Urls = [$"http://127.0.0.1:{number}"] };
            await using var server = McpOverHttp.Server(options, parse.GetValue(write));
            await server.Run(terminal.Cancellation);
            return ExitCode.Success;
        });
        return command;
    }

    private static string[] OriginsOf(string[] found)
    {
        foreach (var origin in found)
            if (origin != "*" && !(Uri.TryCreate(origin, UriKind.Absolute, out var address)
                && address.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase)))
                throw new KalmException($"--cors: found '{origin}'; expected an origin such as https://app.example, without a path, or *");
        return found;
    }
}
