using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kalm.Evaluation;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate completion</c>: filtered ranks of the right answers.</summary>
internal static class EvaluateCompletionVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var limit = Options.Limit();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, "test", "valid");
        var among = Options.Choice("--candidates", "what answers are ranked among: all entities, or those of the split's triples, as "
            + "inductive splits are measured (Wikidata5M)", "all", "all", "split");
        var json = Options.JsonFile();
        var ranks = Options.Text("--ranks", "FILE", "also write a line for each query, separated by tabs");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("completion", "Ranks the right answers of completion queries among all entities, known answers left out.")
        {
            graph, limit, seed, among, json, ranks, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            Given.Model(model.NameOf(parse)!);
            source.Check(parse);
            Given.Writable("--json", parse.GetValue(json));
            Given.Writable("--ranks", parse.GetValue(ranks));
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var splitName = source.SplitName(parse);
            var triples = Splits.NotEmpty(knowledge, "--split", splitName);
            var queries = CompletionQuery.Of(knowledge, CompletionQuery.Sample(triples, parse.GetValue(limit), parse.GetValue(seed) ?? 1));
            HashSet<int>? candidates = parse.GetRequiredValue(among) == "split"
                ? [.. triples.SelectMany(triple => new[] { triple.Head, triple.Tail })] : null;
            var (ranked, seconds) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                foreach (var warning in knowledge.Warnings)
                    progress.Note(warning);
                if (!opened.IsAligned)
                    progress.Note($"{opened.Given}: not an aligned model; it is evaluated as it is, with the default wording");
                using var loaded = Given.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var clock = Stopwatch.StartNew();
                var known = new KnownFacts(knowledge, knowledge.Train, knowledge.Valid, knowledge.Test);
                var texts = new TextIndex(knowledge, loaded.Wording);
                var ranks = CompletionEvaluation.Rank(
                    loaded.Decoder, knowledge, texts, queries, known, progress, terminal.Cancellation, candidates);
                return (ranks, clock.Elapsed.TotalSeconds);
            });
            var report = new CompletionReport(knowledge, splitName, ranked, candidates?.Count);
            Print(terminal, report);
            if (parse.GetValue(json) is { } jsonPath)
                AtomicFile.WriteAllText(jsonPath, Describe(report, opened, knowledge.Path, seconds).ToJsonString(Json.Options) + "\n");
            if (parse.GetValue(ranks) is { } ranksPath)
                AtomicFile.WriteAllText(ranksPath, CompletionReport.RanksTable(knowledge, ranked));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, CompletionReport report)
    {
        var sides = ResultTable.OfCompletion($"{report.Split} split, {report.Candidates:N0} candidates, filtered", "side");
        sides.Add("tail", report.Tail);
        sides.Add("head", report.Head);
        sides.Add("both", report.Both);
        sides.Add("both without leaked queries", report.BothWithoutLeaked);
        if (report.UnseenAnswers is not null)
            sides.Add("answers that train has not", report.UnseenAnswers);
        if (report.UnseenSubjects is not null)
            sides.Add("asked about what train has not", report.UnseenSubjects);
        terminal.Print(sides);
        var ties = ResultTable.OfCompletion("both sides, by how ties count", "ties");
        ties.Add("realistic (as above)", report.Both);
        ties.Add("optimistic", report.Optimistic);
        ties.Add("pessimistic", report.Pessimistic);
        terminal.Print(ties);
        var relations = ResultTable.OfCompletion("both sides, by relation", "relation");
        foreach (var relation in report.Relations)
            relations.Add(relation.Relation, relation.Both);
        terminal.Print(relations);
    }

    private static JsonObject Describe(CompletionReport report, OpenedModel opened, string graphPath, double seconds)
    {
        var json = report.ToJson();
        json["model"] = opened.Given;
        json["adapter_sha256"] = opened.AdapterFolder is null ? null : Hash(Path.Combine(opened.AdapterFolder, AdapterConfig.WeightsName));
        json["graph"] = graphPath;
        json["seconds"] = seconds;
        return json;
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
