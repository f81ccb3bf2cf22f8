using System.CommandLine;
using Kalm.Completion;
using Kalm.Files;
using Kalm.Graph.Writers;

namespace Kalm.Cli.Verbs;

/// <summary>What a batch of completions is given by the verb.</summary>
/// <param name="Model">The choice of the model.</param>
/// <param name="Source">The choice of the graph.</param>
/// <param name="Index">Where the index is kept; null for the usual place.</param>
/// <param name="Top">How many answers each question has at most.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Threads">CPU threads; null takes all cores.</param>
/// <param name="Quiet">Whether nothing is told.</param>
/// <param name="Approximate">Whether entities are sought among the nearest that a graph of neighbours finds.</param>
/// <param name="Facts">What is stated as a fact.</param>
/// <param name="Others">Options that go with a single question only, and whether they are given.</param>
internal sealed record BatchInputs(
    ModelChoice Model, GraphSource Source, string? Index, int Top, string Device, int? Threads, bool Quiet, bool Approximate,
    FactOptions Facts, IReadOnlyList<(string Option, bool IsGiven)> Others);

/// <summary>The options of <c>complete</c> that ask many questions at once and write the answers as edges.</summary>
internal sealed class CompletionBatchOptions
{
    private readonly Option<string> file = Options.Text("--batch", "FILE",
        "many questions: lines of head, relation and tail with tabs between them, ? for what is sought");

    private readonly Option<string> missing = Options.Text(
        "--all-missing", "R", "ask for this relation of every entity that could have it and has none");

    private readonly Option<string> output = Options.Text("--out", "PATH", "where the answers of --batch or --all-missing are written");

    private readonly Option<string> format = Options.Choice(
        "--as", "the format of the answers [default: by the ending of --out]", "tsv", EdgeFormats.Keys);

    private readonly Option<bool> stated = new("--stated")
    {
        Description = "only answers sure enough to be stated as facts (--precision)",
    };

    private readonly Option<double?> least = Options.Positive("--min-probability", "leave out answers below it", "P");

    /// <summary>Makes the options.</summary>
    public CompletionBatchOptions() => format.DefaultValueFactory = null;

    /// <summary>Adds the options to the verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { file, missing, output, format, least, stated })
            command.Add(option);
    }

    /// <summary>Whether a batch is asked for.</summary>
    /// <exception cref="KalmException">Options of a batch are given without one.</exception>
    public bool IsGiven(ParseResult parse)
    {
        VerbInputs.AtMostOne(("--batch", parse.GetValue(file) is not null), ("--all-missing", parse.GetValue(missing) is not null));
        if (parse.GetValue(file) is not null || parse.GetValue(missing) is not null)
            return true;
        if (parse.GetValue(output) is not null || parse.GetValue(format) is not null || parse.GetValue(least) is not null
            || parse.GetValue(stated))
            throw new KalmException(
                "--out, --as, --min-probability, --stated: found without --batch or --all-missing; expected one of them");
        return false;
    }

    /// <summary>Answers the batch.</summary>
    public int Run(ParseResult parse, Terminal terminal, BatchInputs inputs)
    {
        foreach (var (option, isGiven) in inputs.Others)
            if (isGiven)
                throw new KalmException($"{option}: found with --batch or --all-missing; expected it with a single question only");
        var path = parse.GetValue(output) ?? throw new KalmException("--out: missing; expected where the answers are written");
        var key = parse.GetValue(format) ?? EdgeFormats.Of(path) ?? throw new KalmException(
            $"--out {path}: its ending tells no format; expected --as with one of {string.Join(", ", EdgeFormats.Keys)}");
        if (EdgeFormats.IsFolder(key))
            VerbInputs.Free("--out", path);
        else
            VerbInputs.Writable("--out", path);
        inputs.Source.Check(parse);
        _ = inputs.Facts.Precision(parse);
        using var opened = inputs.Model.Open(parse, terminal, inputs.Quiet);
        var edges = terminal.Watch(inputs.Quiet, progress =>
        {
            var graph = inputs.Source.Load(parse, opened, progress);
            var root = inputs.Index ?? EntityIndex.RootOf(opened);
            var catalog = Catalog.Open(graph, root);
            var batch = new CompletionBatch(catalog);
            var queries = parse.GetValue(file) is { } questions ? batch.Read(questions)
                : batch.Missing(VerbInputs.Named("--all-missing", () => catalog.FindRelation(parse.GetValue(missing)!)));
            using var loaded = VerbInputs.Load(opened, inputs.Device, inputs.Threads, progress);
            using var completer = CompletionQuestion.Open(
                loaded, catalog, root, progress, terminal.Cancellation, inputs.Approximate);
            completer.Precision = inputs.Facts.Precision(parse);
            var wanted = new BatchWanted(
                inputs.Top, parse.GetValue(least) ?? 0, parse.GetValue(stated), inputs.Facts.StrictTypes(parse));
            var answers = batch.Answer(queries, completer, wanted, progress, terminal.Cancellation);
            Write(key, path, new EdgeSource(graph, ModelName(opened.Given)), answers);
            return answers;
        });
        terminal.Print($"{edges.Count:N0} facts that the graph lacks: {path} ({key})");
        return ExitCode.Success;
    }

    private static void Write(string key, string path, EdgeSource source, IReadOnlyList<ScoredEdge> edges)
    {
        if (!EdgeFormats.IsFolder(key))
        {
            AtomicFile.Write(path, stream => EdgeFormats.Write(key, stream, source, edges));
            return;
        }
        using var staged = new StagedFolder(path);
        Neo4jEdges.Write(staged.Path, source, edges);
        staged.Commit();
    }

    private static string ModelName(string given) =>
        $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(given)))} kalm "
            + $"{typeof(CompletionBatchOptions).Assembly.GetName().Version?.ToString(3)}";
}
