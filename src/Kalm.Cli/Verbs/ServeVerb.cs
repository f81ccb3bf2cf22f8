using System.CommandLine;
using Kalm.Server;

namespace Kalm.Cli.Verbs;

/// <summary><c>serve</c>: a model and its graph over HTTP.</summary>
internal static class ServeVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var urls = Options.Text("--urls", "URL;URL", "addresses to listen at [default: http://127.0.0.1:8080]");
        var key = Options.Text("--api-key", "KEY",
            "lets in only who sends Authorization: Bearer KEY, or gives it to a browser as the password; /health stays open");
        var index = Options.Text(
            "--index", "DIR", "where the index and the log of changes are kept [default: index/ in the model's folder]");
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
        var limits = new LimitOptions();
        var ground = Options.Choice(
            "--ground", "auto answers chats from the graph where it holds the fact or the model is sure of it; never leaves them to the "
                + "model", "auto", "auto", "never");
        var json = new Option<bool>("--json-log") { Description = "write the log as JSON, an object a line" };
        var facts = new FactOptions();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command(
            "serve", "Serves a model and its graph over HTTP: completion, entities, embeddings, chat, and a page to explore them.")
        {
            graph, urls, names, key, origins, index, search, ground, ids, metrics, json, seed, threads, device, quiet,
        };
        facts.AddPrecisionTo(command);
        source.AddTo(command);
        model.AddTo(command);
        limits.AddTo(command);
        command.SetAction(async (parse, _) =>
        {
            var named = Named(parse, model);
            var found = source.Find(parse, named);
            var options = new ServerOptions
            {
                Model = named,
                Base = model.OptionsOf(parse).Base,
                Graph = found.Path,
                GraphOptions = found.Options,
                GraphFingerprint = parse.GetValue(graph) is null ? found.Fingerprint : null,
                IndexFolder = parse.GetValue(index),
                SearchesApproximately = parse.GetValue(search) == "approximate",
                ApiKey = parse.GetValue(key),
                Precision = facts.Precision(parse),
                Device = parse.GetRequiredValue(device),
                Threads = parse.GetValue(threads),
                IsGrounding = parse.GetRequiredValue(ground) == "auto",
                JsonLog = parse.GetValue(json),
                Quiet = parse.GetValue(quiet),
                Names = parse.GetValue(names) ?? [],
                Origins = OriginsOf(parse.GetValue(origins) ?? []),
                TakesTokenIds = parse.GetValue(ids),
                HasOpenMetrics = parse.GetValue(metrics),
                Limits = limits.Of(parse),
            };
            if (options.ApiKey?.All(character => character is > ' ' and <= '~') == false)
                throw new KalmException(
                    "--api-key: found a character that a header cannot carry; expected letters, digits and signs of ASCII without spaces");
            if (options.Device != "cpu")
                Given.Device(options.Device);
            if (parse.GetValue(urls) is { } addresses)
                options = options with { Urls = addresses.Split(
                    ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
            await using var server = new KalmServer(options);
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

    private static string Named(ParseResult parse, ModelChoice model)
    {
        Given.Model(model.NameOf(parse)!);
        return model.NameOf(parse)!;
    }
}
