using System.CommandLine;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Engine;
using Kalm.Files;
using Kalm.Graph.Writers;

namespace Kalm.Cli.Verbs;

/// <summary><c>suggest</c>: facts that the graph seems to lack, for a person to look at.</summary>
internal static class SuggestVerb
{
    private const int Shown = 20;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var defaults = new ProposalOptions();
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var relations = new Option<string[]>("--relation")
        {
            HelpName = "R", AllowMultipleArgumentsPerToken = true,
            Description = "only facts of these relations, by id or text; an inverse text asks the tails [default: all]",
        };
        var limit = Options.Whole("--limit", $"how many facts at most [default: {defaults.Most}]");
        var queries = Options.Whole("--queries", $"how many questions are asked to find them, drawn with the seed "
            + $"[default: {defaults.Queries:N0}]");
        var output = Options.Text("--out", "FILE", "also write them, in a format told by the ending or --as");
        var format = Options.Choice("--as", "the format of --out [default: by its ending]", "tsv", EdgeFormats.Keys);
        format.DefaultValueFactory = null;
        var facts = new FactOptions();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var index = Options.Text("--index", "DIR", "where the entities' vectors are kept [default: index/ in the model's folder]");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("suggest", "Proposes facts that the graph seems to lack, those most worth a look first.")
        {
            graph, relations, limit, queries, output, format, seed, index, threads, device, quiet,
        };
        facts.AddPrecisionTo(command);
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            var precision = facts.Precision(parse);
            source.Check(parse);
            var path = parse.GetValue(output);
            var key = path is null ? null : parse.GetValue(format) ?? EdgeFormats.Of(path) ?? throw new KalmException(
                $"--out {path}: its ending tells no format; expected --as with one of {string.Join(", ", EdgeFormats.Keys)}");
            if (key is not null && EdgeFormats.IsFolder(key))
                throw new KalmException($"--as {key}: writes a folder; expected a format of one file");
            VerbInputs.Writable("--out", path);
            using var library = NativeEngine.Prepare();
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var root = parse.GetValue(index) ?? EntityIndex.RootOf(opened);
            var catalog = Catalog.Open(knowledge, root);
            var proposed = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                int[] wanted = [.. (parse.GetValue(relations) ?? []).Select(words =>
                    VerbInputs.Named("--relation", () => catalog.FindRelation(words)))];
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                using var completer = CompletionQuestion.Open(loaded, catalog, root, progress, terminal.Cancellation);
                if (completer.Index.Calibration.Facts is null)
                    throw new KalmException($"{knowledge.Path}: the validation split has {knowledge.Valid.Count:N0} triples; expected "
                        + "more, to tell how sure a fact is");
                completer.Precision = precision;
                return Proposals.Of(completer, new ProposalOptions
                {
                    Relations = wanted, Most = parse.GetValue(limit) ?? defaults.Most,
                    Queries = parse.GetValue(queries) ?? defaults.Queries,
                    Seed = unchecked((int)(parse.GetValue(seed) ?? 1)),
                }, progress, terminal.Cancellation);
            });
            var table = new ResultTable(
                $"{proposed.Count:N0} facts to look at", ["value", "probability", "verdict", "fact", "like"], numbers: 1);
            foreach (var fact in proposed.Take(Shown))
                table.Add(
                    $"{fact.Value:F3}", $"{fact.Judgement.Probability:F3}", FactWords.Of(fact.Judgement.Verdict),
                    FactWords.Of(catalog, fact.Fact), fact.Support.Count == 0 ? "" : FactWords.Of(catalog, fact.Support[0].Triple));
            terminal.Print(table);
            if (key is not null)
                AtomicFile.Write(path!, stream => EdgeFormats.Write(
                    key, stream, new EdgeSource(knowledge, opened.Given), [.. proposed.Select(fact => new ScoredEdge(
                        fact.Fact, fact.Score, fact.Judgement.Probability!.Value, fact.Rank,
                        string.Join("; ", fact.Support.Select(support => FactWords.Of(catalog, support.Triple)))))]));
            return ExitCode.Success;
        });
        return command;
    }
}
