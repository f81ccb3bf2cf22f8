using System.CommandLine;
using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Completion.Grounding;
using Kalm.Engine;
using Kalm.Files;

namespace Kalm.Cli.Verbs;

/// <summary><c>verify</c>: tells whether a triple is true.</summary>
internal static class VerifyVerb
{
    private const int DefaultExplanations = 3;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var head = Options.Text("--head", "X", "an entity's id or name, or a text that describes one the graph does not hold");
        var relation = Options.Text("--relation", "R", "a relation's id or text; its inverse text reads it backwards");
        var tail = Options.Text("--tail", "X", "as --head");
        var sentence = new Argument<string?>("SENTENCE")
        {
            Arity = ArgumentArity.ZeroOrOne, Description = "the triple in words, in place of --head, --relation and --tail",
        };
        var explain = Options.Whole("--explain", $"how many train facts like it to show [default: {DefaultExplanations}]");
        var facts = new FactOptions();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var json = Options.JsonFile();
        var index = Options.Text("--index", "DIR", "where the entities' vectors are kept, as serve keeps them [default: index/ in the "
            + "model's folder]");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("verify", "Tells whether a triple is true, false or unknown, how sure that is, and why.")
        {
            sentence, graph, head, relation, tail, explain, seed, json, index, threads, device, quiet,
        };
        facts.AddPrecisionTo(command);
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            var precision = facts.Precision(parse);
            source.Check(parse);
            RequireTriple(parse.GetValue(sentence), [.. new[] { head, relation, tail }.Where(part => parse.GetValue(part) is null)]);
            VerbInputs.Writable("--json", parse.GetValue(json));
            using var library = NativeEngine.Prepare();
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var root = parse.GetValue(index) ?? EntityIndex.RootOf(opened);
            var catalog = Catalog.Open(knowledge, root);
            var (verified, calibration, statement) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                var claim = parse.GetValue(sentence) is { } words
                    ? VerbInputs.Named("SENTENCE", () => new Grounder(knowledge, new FactSplits(knowledge))
                        .With(catalog, new FactSplits(knowledge).With(catalog.Reviewed)).Claim(words))
                    : FactClaim.Of(
                        knowledge, CompletionQuestion.Find(catalog, "--head", parse.GetValue(head), progress)!,
                        VerbInputs.Named("--relation", () => catalog.FindRelation(parse.GetRequiredValue(relation))),
                        CompletionQuestion.Find(catalog, "--tail", parse.GetValue(tail), progress)!);
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                using var completer = CompletionQuestion.Open(loaded, catalog, root, progress, terminal.Cancellation);
                completer.Precision = precision;
                return (Verification.Of(completer, claim, parse.GetValue(explain) ?? DefaultExplanations),
                    completer.Index.Calibration.Facts, completer.Statement);
            });
            foreach (var line in VerifiedText.Lines(catalog, verified, calibration, statement))
                terminal.Print(line);
            if (parse.GetValue(json) is { } path)
            {
                var report = Describe(catalog, verified, calibration, statement);
                report["model"] = opened.Given;
                report["graph"] = knowledge.Path;
                AtomicFile.WriteAllText(path, report.ToJsonString(Json.Options) + "\n");
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static void RequireTriple(string? sentence, IReadOnlyList<Option<string>> missing)
    {
        if (sentence is null ? missing.Count > 0 : missing.Count < 3)
            throw new KalmException(sentence is null
                ? $"{missing[0].Name}: missing; expected --head, --relation and --tail, or a sentence"
                : "SENTENCE: found beside --head, --relation or --tail; expected one or the others");
    }

    private static JsonObject Describe(
        Catalog catalog, Verification verified, FactCalibration? calibration, PrecisionPoint? statement) => new(
    [
        new("head", IdOf(catalog, verified.Claim.Head)),
        new("relation", catalog.Graph.Relations[verified.Claim.Relation].Id),
        new("tail", IdOf(catalog, verified.Claim.Tail)),
        .. VerifiedText.Members(verified),
        new("threshold", statement?.Threshold),
        new("false_below", calibration?.FalseBelow),
    ]);

    private static string IdOf(Catalog catalog, QueryEntity entity) =>
        entity.Entity is { } index ? catalog[index].Id : entity.Description;
}
