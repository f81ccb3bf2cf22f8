using System.CommandLine;
using System.Text;
using Kalm.Cli.Progress;
using Kalm.Completion;
using Kalm.Completion.Grounding;
using Kalm.Files;
using Kalm.Language.Generation;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>ask</c>: a question in words, answered from a graph where it can be, else as the model writes.</summary>
internal static class AskVerb
{
    private const string Automatic = "auto";
    private const string Never = "never";
    private const string Only = "only";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var question = new Argument<string>("QUESTION") { Description = "what to ask" };
        var model = new ModelChoice();
        var graph = Options.Text("--graph", "GRAPH", "answer from the facts of this graph, or by ranking where the model is sure");
        var grounded = Options.Choice(
            "--grounded", "with --graph: never leaves it to the model's own words, only leaves nothing to them", Automatic,
            Automatic, Never, Only);
        var json = Options.JsonFile();
        var index = Options.Text("--index", "DIR", "where the entities' vectors are kept [default: index/ in the model's folder]");
        var tokens = Options.Whole("--max-tokens", "write at most N tokens [default: the model's own, else 128]");
        var temperature = Options.Positive(
            "--temperature", "draw tokens instead of taking the likeliest [default: what the model's generation_config.json says]", "T");
        var topK = Options.Whole("--top-k", "draw from the N likeliest tokens only");
        var topP = Options.Positive("--top-p", "draw from the likeliest tokens that together have this probability", "P");
        var penalty = Options.Positive("--repetition-penalty", "above 1, tokens that occurred become less likely", "X");
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var wording = new FormChoice();
        var threads = Options.Threads();
        var device = Options.Device();
        var command = new Command("ask", "Asks a question in words, of a graph's facts and of a model.") {
            question, graph, grounded, json, index, tokens, temperature, topK, topP, penalty, seed, threads, device,
        };
        model.AddTo(command);
        source.AddTo(command);
        wording.AddTo(command);
        command.SetAction(parse =>
        {
            var text = parse.GetRequiredValue(question);
            if (string.IsNullOrWhiteSpace(text))
                throw new KalmException("QUESTION: found an empty text; expected a question");
            var (path, mode) = (parse.GetValue(graph), parse.GetRequiredValue(grounded));
            foreach (var (option, isGiven) in new[] { ("--grounded only", mode == Only), ("--json", parse.GetValue(json) is not null) })
                if (isGiven && path is null)
                    throw new KalmException($"{option}: found without --graph; expected --graph with it");
            VerbInputs.Writable("--json", parse.GetValue(json));
            using var opened = wording.Apply(parse, model.Open(parse, terminal));
            var defaults = GenerationOptions.Of(opened.Source.Generation);
            var options = (defaults with
            {
                MaximumNewTokens = parse.GetValue(tokens) ?? defaults.MaximumNewTokens,
                Temperature = parse.GetValue(temperature) ?? defaults.Temperature,
                TopK = parse.GetValue(topK) ?? defaults.TopK,
                TopP = parse.GetValue(topP) ?? defaults.TopP,
                RepetitionPenalty = parse.GetValue(penalty) ?? defaults.RepetitionPenalty,
                Seed = parse.GetValue(seed) ?? 1,
            }).Validated();
            var knowledge = path is null ? null : source.Load(parse, VerbInputs.Graph(path));
            var root = parse.GetValue(index) ?? EntityIndex.RootOf(opened);
            var catalog = knowledge is null ? null : Catalog.Open(knowledge, root);
            // What the graph answers needs no model.
            var loaded = new Lazy<LoadedModel>(() => VerbInputs.Load(
                opened, parse.GetRequiredValue(device), parse.GetValue(threads), new QuietProgress()));
            try
            {
                var report = catalog is null || mode == Never ? null
                    : new GroundedReport(catalog, Ground(text, catalog, loaded, root, terminal));
                var written = report is null ? Write(text, loaded.Value, options, terminal)
                    : Tell(report, mode == Only ? null : () => Write(text, loaded.Value, options, terminal), terminal);
                if (parse.GetValue(json) is { } file)
                    AtomicFile.WriteAllText(file, (report ?? new GroundedReport(catalog!, Ungrounded)).ToJson(text, written)
                        .ToJsonString(Json.Options) + "\n");
            }
            finally
            {
                if (loaded.IsValueCreated)
                    loaded.Value.Dispose();
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static GroundedAnswer Ungrounded => new(GroundingKind.Words, null, [], [], [], null, "the graph was not asked");

    private static GroundedAnswer Ground(string question, Catalog catalog, Lazy<LoadedModel> model, string root, Terminal terminal)
    {
        var facts = new FactSplits(catalog.Graph).With(catalog.Reviewed);
        var read = new Grounder(catalog.Graph, facts).With(catalog, facts).Read(question);
        if (read.Subject is null)
            return read.Answer;
        return terminal.Watch(false, progress =>
        {
            using var completer = CompletionQuestion.Open(model.Value, catalog, root, progress, terminal.Cancellation);
            return completer.Grounder.Answer(question, completer);
        });
    }

    // The answer first, then where it comes from; of what has none the model's own words, if they are wanted.
    private static string? Tell(GroundedReport report, Func<string>? write, Terminal terminal)
    {
        var (answer, written) = (report.Answer, (string?)null);
        if (answer.Kind == GroundingKind.Words && write is not null)
        {
            written = write();
            terminal.Print($"the model's own words, not from the graph: {answer.Reason}");
            return written;
        }
        foreach (var line in report.Lines())
            terminal.Print(line);
        if (answer.IsGrounded || write is null)
            return null;
        terminal.Print("the model's own words, not from the graph:");
        return write();
    }

    private static string Write(string question, LoadedModel model, GenerationOptions options, Terminal terminal)
    {
        var prompt = model.Wording.Questions.Form == PromptForm.Chat
            ? new ChatWording(model).Prompt([new("user", question)])
            : model.Wording.Questions.Ask(model.Wording.Questions.Free(question), [], model.Decoder.Config.ContextLength - 1).Tokens;
        var written = new StringBuilder();
        foreach (var piece in new Generator(model.Decoder, model.Model.Tokenizer).Stream(prompt, options, terminal.Cancellation))
        {
            terminal.Output.Write(piece);
            terminal.Output.Flush();
            written.Append(piece);
        }
        terminal.Output.WriteLine();
        return written.ToString();
    }
}
