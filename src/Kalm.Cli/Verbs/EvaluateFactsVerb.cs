using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Cli.Plots;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Files;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate facts</c>: how far the probability of a fact can be trusted.</summary>
internal static class EvaluateFactsVerb
{
    private const int DefaultLimit = 500;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var limit = Options.Whole("--limit", $"triples, drawn with the seed, that facts are made from [default: {DefaultLimit}]");
        var facts = new FactOptions();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var json = Options.JsonFile();
        var plot = Options.Text("--plot", "FILE", "also draw the reliability diagram, PNG");
        var index = Options.Text("--index", "DIR", "where the entities' vectors are kept [default: index/ in the model's folder]");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("facts", "Tells true facts of a split from false ones like them: precision, coverage, calibration.")
        {
            graph, limit, seed, json, plot, index, threads, device, quiet,
        };
        facts.AddPrecisionTo(command);
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Model(model.NameOf(parse)!);
            source.Check(parse);
            var precision = facts.Precision(parse);
            VerbInputs.Writable("--json", parse.GetValue(json));
            VerbInputs.Writable("--plot", parse.GetValue(plot));
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var (split, drawn) = (source.SplitName(parse), parse.GetValue(seed) ?? 1);
            var triples = CompletionQuery.Sample(
                Splits.NotEmpty(knowledge, "--split", split), parse.GetValue(limit) ?? DefaultLimit, drawn);
            var root = parse.GetValue(index) ?? EntityIndex.RootOf(opened);
            var (measured, seconds) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                using var completer = CompletionQuestion.Open(
                    loaded, Catalog.Open(knowledge, root), root, progress, terminal.Cancellation);
                completer.Precision = precision;
                var clock = Stopwatch.StartNew();
                return (FactEvaluation.Of(completer, triples, unchecked((int)drawn), progress, terminal.Cancellation),
                    clock.Elapsed.TotalSeconds);
            });
            Print(terminal, split, precision, measured);
            if (parse.GetValue(json) is { } path)
            {
                var report = System.Text.Json.JsonSerializer.SerializeToNode(measured, Json.Options)!.AsObject();
                foreach (var (name, value) in new (string, JsonNode?)[]
                {
                    ("split", split), ("seed", drawn), ("triples", triples.Count), ("precision_wanted", precision), ("model", opened.Given),
                    ("graph", knowledge.Path), ("seconds", seconds),
                })
                    report[name] = value;
                AtomicFile.WriteAllText(path, report.ToJsonString(Json.Options) + "\n");
            }
            if (parse.GetValue(plot) is { } picture)
                AtomicFile.WriteAllBytes(picture, ReliabilityPlot.Draw(
                    $"{split} split, {measured.Facts:N0} facts", measured.ReliabilityBefore, measured.Reliability));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, string split, double precision, FactEvaluation measured)
    {
        var table = new ResultTable(
            $"{split} split: {measured.TrueFacts:N0} true facts, {measured.Facts - measured.TrueFacts:N0} false ones like them",
            ["measure", "value", ""], numbers: 1);
        table.Add("accuracy", $"{measured.Accuracy:F3}", "at a probability of a half");
        table.Add("area under the ROC curve", $"{measured.AreaUnderCurve:F3}", "that a true fact is surer than a false one");
        table.Add("calibration error before", $"{measured.ErrorBefore:F3}", "the probability of the answer taken for that of the fact");
        table.Add("calibration error", $"{measured.Error:F3}", "the probability of the fact");
        table.Add("precision", measured.Precision is { } reached ? $"{reached:F3}" : "-",
            measured.Threshold is { } threshold ? $"of what is stated, at {threshold:F3} or more; {precision} wanted"
                : $"nothing is stated: the validation split shows no threshold for {precision}");
        table.Add("coverage", $"{measured.Coverage:F3}", "of the true facts are stated");
        terminal.Print(table);
        var bins = new ResultTable("reliability", ["facts", "mean probability", "share true"]);
        foreach (var bin in measured.Reliability)
            bins.Add($"{bin.Facts:N0}", $"{bin.Probability:F3}", $"{bin.Share:F3}");
        terminal.Print(bins);
    }
}
