using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Cli.Plots;
using Kalm.Evaluation;
using Kalm.Files;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate geometry</c>: how the embeddings lie on the unit sphere.</summary>
internal static class EvaluateGeometryVerb
{
    private const int DefaultPairs = 10_000;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var limit = Options.Limit();
        var pairs = Options.Whole("--pairs", $"random pairs of entity texts, drawn with the seed [default: {DefaultPairs:N0}]");
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var json = Options.JsonFile();
        var plot = Options.Text("--plot", "FILE", "also draw the cosines among some entities as a heat map, PNG");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("geometry", "Anisotropy, alignment and uniformity of the embeddings.")
        {
            graph, limit, pairs, seed, json, plot, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Model(model.NameOf(parse)!);
            source.Check(parse);
            VerbInputs.Writable("--json", parse.GetValue(json));
            VerbInputs.Writable("--plot", parse.GetValue(plot));
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var (split, drawn) = (source.SplitName(parse), parse.GetValue(seed) ?? 1);
            var triples = CompletionQuery.Sample(Splits.NotEmpty(knowledge, "--split", split), parse.GetValue(limit), drawn);
            var (measured, map, seconds) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                foreach (var warning in knowledge.Warnings)
                    progress.Note(warning);
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var clock = Stopwatch.StartNew();
                var texts = new TextIndex(knowledge, loaded.Wording);
                var measured = Geometry.Measure(
                    loaded.Decoder, knowledge, texts, triples,
                    parse.GetValue(pairs) ?? DefaultPairs, drawn, progress, terminal.Cancellation);
                var shown = parse.GetValue(plot) is null ? [] : EntityGroups.Choose(knowledge);
                var map = shown.Count == 0 ? null : SimilarityMap.Draw(
                    $"cosines among entities: {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(opened.Given)))}",
                    [.. shown.Select(entity => knowledge.Entities[entity].Name)], Geometry.Similarities(loaded.Decoder, texts, shown));
                return (measured, map, clock.Elapsed.TotalSeconds);
            });
            Print(terminal, split, measured);
            if (parse.GetValue(json) is { } jsonPath)
            {
                var report = new JsonObject { ["split"] = split, ["seed"] = drawn };
                foreach (var (name, value) in measured.ToJson())
                    report[name] = value?.DeepClone();
                report["model"] = opened.Given;
                report["graph"] = knowledge.Path;
                report["seconds"] = seconds;
                AtomicFile.WriteAllText(jsonPath, report.ToJsonString(Json.Options) + "\n");
            }
            if (parse.GetValue(plot) is { } plotPath && map is not null)
                AtomicFile.WriteAllBytes(plotPath, map);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, string split, Geometry measured)
    {
        var table = new ResultTable(null, ["measure", "value", "over"], numbers: 1);
        table.Add("anisotropy: mean cosine", Number(measured.Anisotropy), $"{measured.Pairs:N0} random pairs of entity texts");
        table.Add("uniformity: log mean exp(-2 d²)", Number(measured.Uniformity), "the same pairs");
        table.Add("alignment: mean d²", Number(measured.Alignment),
            $"{measured.PositivePairs:N0} queries and their answers, {split} split, both sides");
        terminal.Print(table);

        static string Number(double? value) => value is { } number ? $"{number:F4}" : "-";
    }
}
