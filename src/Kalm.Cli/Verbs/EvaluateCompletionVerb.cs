using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kalm.Cli.Reports;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Completion.Reranking;
using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Evaluation.Comparison;
using Kalm.Files;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate completion</c>: filtered ranks of the right answers.</summary>
internal static class EvaluateCompletionVerb
{
    private const int RelationsShown = 50;
    private const int FactTriples = 500;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var limit = Options.Limit();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var among = Options.Choice("--candidates", "what answers are ranked among: all entities, or those of the split's triples, as "
            + "inductive splits are measured (Wikidata5M)", "all", "all", "split");
        var kept = Options.Text("--vectors", "DIR", "keep the entities' vectors in this folder: what an earlier command of the same model "
            + "and graph left there is taken, what is missing is encoded, and ranks are read from the file [default: none is kept]");
        var index = Options.Text("--index", "DIR", "where complete and serve keep the entities' vectors, which are taken where they are "
            + "there [default: index/ in the model's folder]");
        var rerank = new Option<bool>("--rerank")
        {
            Description = "let the run's re-ranker put the best candidates of each query into order (align --stage rerank makes it)",
        };
        var json = Options.JsonFile();
        var ranks = Options.Text("--ranks", "FILE", "also write a line for each query, separated by tabs, which compare reads");
        var html = Options.Text("--report", "FILE", "also write a report to read, HTML: measures defined, the baseline, the ten best and "
            + "worst answers with their evidence, how far probabilities can be trusted (makes the index that complete and serve use)");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("completion", "Ranks the right answers of completion queries among all entities, known "
            + "answers left out. Of a folder of seeds (align --seeds) every run is ranked, and their spread told.")
        {
            graph, limit, seed, among, rerank, index, kept, json, html, ranks, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            var name = model.NameOf(parse)!;
            VerbInputs.Model(name);
            source.Check(parse);
            if (parse.GetValue(kept) is not null && parse.GetValue(index) is not null)
                throw new KalmException("--vectors: found with --index; expected one of them, for each tells where vectors are taken from");
            VerbInputs.Writable("--json", parse.GetValue(json));
            VerbInputs.Writable("--ranks", parse.GetValue(ranks));
            VerbInputs.Writable("--report", parse.GetValue(html));
            var seeds = SeedFolders.In(name);
            if (seeds.Count > 0
                && new[] { kept, index, ranks, html }.FirstOrDefault(option => parse.GetValue(option) is not null) is { } ofOne)
                throw new KalmException($"{ofOne.Name}: found with the {SeedFolders.Counted(seeds)} of {name}; expected one run, "
                    + $"as {Path.Combine(name, SeedFolders.NameOf(seeds[0]))}");
            terminal.HowToGoOn = parse.GetValue(kept) is { } keeping ? $"vectors encoded so far are in {keeping}; the same command goes on"
                : $"{terminal.HowToGoOn}; with --vectors DIR it goes on where it stopped";
            SplitRanking? ranking = null;
            var runs = new List<(string Folder, CompletionReport Report)>();
            var reports = new List<JsonObject>();
            foreach (var folder in seeds.Count == 0 ? [""] : seeds.Select(SeedFolders.NameOf))
            {
                using var opened = model.Open(Path.Combine(name, folder), parse, terminal, parse.GetValue(quiet));
                if (parse.GetValue(rerank))
                    Reranker.RequireIn(opened);
                ranking ??= RankingOf(opened);
                var (ranked, before, seconds) = terminal.Watch(
                    parse.GetValue(quiet), progress => ranking.Rank(opened, progress, terminal.Cancellation));
                if (!terminal.Ranks.IsFirst())
                    continue;
                var report = Report(ranked);
                var alone = before is null ? null : Report(before);
                runs.Add((folder, report));
                reports.Add(Describe(report, alone, opened, ranking.Graph.Path, seconds));
                if (seeds.Count == 0)
                    Print(terminal, report, alone);
                if (parse.GetValue(html) is { } page)
                    AtomicFile.WriteAllText(page, Page(report, ranked));
                if (parse.GetValue(ranks) is { } ranksPath)
                    AtomicFile.WriteAllText(ranksPath, RanksFile.Text(ranking.Graph, ranked));
            }
            if (!terminal.Ranks.IsFirst())
                return ExitCode.Success;
            if (seeds.Count > 0)
                terminal.Print(SeedTable.Of(runs));
            if (parse.GetValue(json) is { } jsonPath)
                AtomicFile.WriteAllText(
                    jsonPath, (seeds.Count > 0 ? SeedTable.Json(runs, reports) : reports[0]).ToJsonString(Json.Options) + "\n");
            return ExitCode.Success;

            SplitRanking RankingOf(OpenedModel opened)
            {
                var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
                var triples = Splits.NotEmpty(knowledge, "--split", source.SplitName(parse));
                var sample = CompletionQuery.Sample(triples, parse.GetValue(limit), parse.GetValue(seed) ?? 1);
                return new SplitRanking(knowledge, CompletionQuery.Of(knowledge, sample), parse.GetRequiredValue(device),
                    parse.GetValue(threads))
                {
                    Candidates = parse.GetRequiredValue(among) == "split"
                        ? triples.SelectMany(triple => new[] { triple.Head, triple.Tail }).ToHashSet() : null,
                    Reranks = parse.GetValue(rerank), Kept = parse.GetValue(kept), Index = parse.GetValue(index),
                    Ranks = terminal.Ranks,
                };
            }

            string Page(CompletionReport report, IReadOnlyList<RankedQuery> ranked)
            {
                using var again = model.Open(name, parse, terminal, parse.GetValue(quiet));
                var root = parse.GetValue(index) ?? EntityIndex.RootOf(again);
                var drawn = parse.GetValue(seed) ?? 1;
                return terminal.Watch(parse.GetValue(quiet), progress =>
                {
                    using var loaded = VerbInputs.Load(again, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                    using var completer = CompletionQuestion.Open(
                        loaded, Catalog.Open(ranking!.Graph, root), root, progress, terminal.Cancellation);
                    var facts = completer.Index.Calibration.Facts is null ? null : FactEvaluation.Of(
                        completer, CompletionQuery.Sample([.. ranked.Select(item => item.Query.Triple).Distinct()], FactTriples, drawn),
                        unchecked((int)drawn), progress, terminal.Cancellation);
                    return CompletionPage.Html(report, again.Given, completer, ranked, facts);
                });
            }

            CompletionReport Report(IReadOnlyList<RankedQuery> ranked) =>
                new(ranking!.Graph, source.SplitName(parse), ranked, ranking.Candidates?.Count);
        });
        return command;
    }

    private static void Print(Terminal terminal, CompletionReport report, CompletionReport? alone)
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
        if (alone is not null)
        {
            sides.Add("both, not re-ranked", alone.Both);
            sides.Add("both without leaked queries, not re-ranked", alone.BothWithoutLeaked);
        }
        terminal.Print(sides);
        var ties = ResultTable.OfCompletion("both sides, by how ties count", "ties");
        ties.Add("realistic (as above)", report.Both);
        ties.Add("optimistic", report.Optimistic);
        ties.Add("pessimistic", report.Pessimistic);
        terminal.Print(ties);
        var relations = ResultTable.OfCompletion("both sides, by relation", "relation");
        // A long list is cut, the frequent ones first; a short one stays in its order.
        var shown = report.Relations.Count <= RelationsShown ? report.Relations
            : [.. report.Relations.OrderByDescending(item => item.Both?.Queries ?? 0).Take(RelationsShown)];
        foreach (var relation in shown)
            relations.Add(relation.Relation, relation.Both);
        terminal.Print(relations);
        if (shown.Count < report.Relations.Count)
            terminal.Print($"{report.Relations.Count - shown.Count:N0} more relations, of at most {shown[^1].Both?.Queries:N0} queries: "
                + "--json FILE lists all\n");
    }

    private static JsonObject Describe(
        CompletionReport report, CompletionReport? alone, OpenedModel opened, string graphPath, double seconds)
    {
        var json = report.ToJson();
        json["not_reranked"] = alone?.ToJson();
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
