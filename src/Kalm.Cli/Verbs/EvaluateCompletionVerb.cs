using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kalm.Cli.Progress;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate completion</c>: filtered ranks of the right answers.</summary>
internal static class EvaluateCompletionVerb
{
    private const int RelationsShown = 50;

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
        var ranks = Options.Text("--ranks", "FILE", "also write a line for each query, separated by tabs");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("completion", "Ranks the right answers of completion queries among all entities, known answers left out.")
        {
            graph, limit, seed, among, rerank, index, kept, json, ranks, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            Given.Model(model.NameOf(parse)!);
            source.Check(parse);
            if (parse.GetValue(kept) is not null && parse.GetValue(index) is not null)
                throw new KalmException("--vectors: found with --index; expected one of them, for each tells where vectors are taken from");
            Given.Writable("--json", parse.GetValue(json));
            Given.Writable("--ranks", parse.GetValue(ranks));
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            if (parse.GetValue(rerank))
                Reranker.RequireIn(opened);
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var splitName = source.SplitName(parse);
            var triples = Splits.NotEmpty(knowledge, "--split", splitName);
            var queries = CompletionQuery.Of(knowledge, CompletionQuery.Sample(triples, parse.GetValue(limit), parse.GetValue(seed) ?? 1));
            HashSet<int>? candidates = parse.GetRequiredValue(among) == "split"
                ? [.. triples.SelectMany(triple => new[] { triple.Head, triple.Tail })] : null;
            var (ranked, before, seconds) = terminal.Watch<(IReadOnlyList<RankedQuery>, IReadOnlyList<RankedQuery>?, double)>(
                parse.GetValue(quiet), progress =>
            {
                foreach (var warning in knowledge.Warnings)
                    progress.Note(warning);
                if (!opened.IsAligned)
                    progress.Note($"{opened.Given}: not an aligned model; it is evaluated as it is, with the default wording");
                using var loaded = Given.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var clock = Stopwatch.StartNew();
                var known = new KnownFacts(knowledge, knowledge.Train, knowledge.Valid, knowledge.Test);
                var texts = new TextIndex(knowledge, loaded.Wording);
                using var reranker = parse.GetValue(rerank) ? Reranker.Open(loaded, knowledge, texts) : null;
                var depth = reranker?.Description.Shape.Depth ?? 0;
                using var vectors = parse.GetValue(kept) is { } folder
                    ? Kept(folder, opened, loaded, knowledge, texts, progress, terminal.Cancellation)
                    : Indexed(parse.GetValue(index), loaded, knowledge, texts, progress);
                var found = vectors is null
                    ? CompletionEvaluation.Rank(
                        loaded.Decoder, knowledge, texts, queries, known, progress, terminal.Cancellation, candidates, depth)
                    : CompletionEvaluation.Rank(
                        loaded.Decoder, knowledge, texts, vectors, queries, known, progress, terminal.Cancellation, candidates, depth);
                if (reranker is null)
                    return (found, null, clock.Elapsed.TotalSeconds);
                if (reranker.Refusal is { } refusal)
                    progress.Note(refusal);
                return (reranker.Rank(found, progress, terminal.Cancellation), found, clock.Elapsed.TotalSeconds);
            });
            var report = new CompletionReport(knowledge, splitName, ranked, candidates?.Count);
            var alone = before is null ? null : new CompletionReport(knowledge, splitName, before, candidates?.Count);
            Print(terminal, report, alone);
            if (parse.GetValue(json) is { } jsonPath)
                AtomicFile.WriteAllText(
                    jsonPath, Describe(report, alone, opened, knowledge.Path, seconds).ToJsonString(Json.Options) + "\n");
            if (parse.GetValue(ranks) is { } ranksPath)
                AtomicFile.WriteAllText(ranksPath, CompletionReport.RanksTable(knowledge, ranked));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEntityVectors? Indexed(
        string? given, LoadedModel loaded, KnowledgeGraph graph, TextIndex texts, ProgressView progress)
    {
        var vectors = EntityIndex.Find(given ?? EntityIndex.RootOf(loaded.Opened), loaded, graph, texts, out var folder);
        if (vectors is not null)
            progress.Note($"takes the entities' vectors of the index in {folder}");
        else if (given is not null)
            progress.Note($"--index: found no index in {folder}; the entities are encoded (complete and serve make it)");
        return vectors;
    }

    private static VectorFile Kept(
        string folder, OpenedModel opened, LoadedModel loaded, KnowledgeGraph graph, TextIndex texts, ProgressView progress,
        CancellationToken cancellation)
    {
        var vectors = VectorFile.Open(folder, VectorKey.Of(opened, graph), texts.Descriptions.Count, loaded.Model.Config.HiddenSize);
        try
        {
            if (vectors.Done > 0)
                progress.Note(vectors.IsComplete ? $"takes the vectors of {vectors.Count:N0} texts from {folder}"
                    : $"goes on at {vectors.Done:N0} of {vectors.Count:N0} texts, kept in {folder}");
            VectorEncoding.Entities(vectors, loaded.Decoder, texts, progress, cancellation);
            return vectors;
        }
        catch (Exception error)
        {
            if (error is OperationCanceledException)
                progress.Note($"{vectors.Done:N0} of {vectors.Count:N0} texts are kept in {folder}; the same command goes on with them");
            vectors.Dispose();
            throw;
        }
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
