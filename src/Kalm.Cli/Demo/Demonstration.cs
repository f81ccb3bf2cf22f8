using System.Diagnostics;
using Kalm.Alignment;
using Kalm.Cli.Plots;
using Kalm.Cli.Progress;
using Kalm.Cli.Reports;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Evaluation.Questions;
using Kalm.Graph;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Cli.Demo;

/// <summary>The whole job once: a base model is made and aligned, and measured before and after beside a baseline without text.</summary>
internal sealed class Demonstration
{
    private const int Shown = 3;
    private const int AskedTriples = 100;
    private const double HeldOut = 0.05;
    private readonly DemoSettings settings;
    private readonly DemoFolder folder;
    private readonly ProgressView progress;
    private readonly CancellationToken cancellation;
    private readonly KnowledgeGraph graph;
    private readonly KnownFacts known;
    private readonly IReadOnlyList<CompletionQuery> queries;
    private readonly IReadOnlyList<CompletionQuery> chosen;

    private Demonstration(DemoSettings settings, ProgressView progress, CancellationToken cancellation)
    {
        (this.settings, this.progress, this.cancellation) = (settings, progress, cancellation);
        folder = new DemoFolder(settings.Out);
        graph = KnowledgeGraph.Load(settings.Graph);
        known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        queries = CompletionQuery.Of(graph, graph.Test);
        chosen = DemoChoice.Queries(graph, queries);
    }

    /// <summary>Runs it; everything made but the report is in the folder afterwards.</summary>
    public static DemoResult Run(DemoSettings settings, ProgressView progress, CancellationToken cancellation) =>
        new Demonstration(settings, progress, cancellation).Run();

    private DemoResult Run()
    {
        var clock = Stopwatch.StartNew();
        folder.Prepare(settings.Resume);
        var (kept, heldOut) = settings.Model is null
            ? HeldOutTexts.Divide(PlainTexts.OfGraph(graph), HeldOut, settings.Alignment.Seed) : ([], []);
        var pretrained = (double?)null;
        if (settings.Model is null)
        {
            progress.Note($"1 of 4: a base model from the texts of {graph.Entities.Count:N0} entities, without a single triple");
            if (Directory.Exists(folder.Base))
                progress.Note($"{folder.Base}: made already");
            else
                Pretrainer.Run(
                    kept, folder.Base, settings.Pretraining, progress, folder.BaseSteps, Directory.Exists(folder.BaseSteps),
                    cancellation: cancellation);
            pretrained = clock.Elapsed.TotalSeconds;
        }
        else
        {
            progress.Note($"1 of 4: the base model is {settings.Model}");
        }
        var baseModel = settings.Model ?? folder.Base;
        progress.Note("2 of 4: the base model is measured");
        var entities = EntityGroups.Choose(graph);
        var before = Measure(baseModel, entities, heldOut);
        progress.Note($"3 of 4: it is aligned with {graph.Train.Count:N0} triples");
        var run = AlignmentRun.Execute(
            new AlignmentInputs(baseModel, settings.Graph, folder.Run)
            {
                Texts = kept, Resume = Directory.Exists(folder.Run), TakesComplete = true,
            }, settings.Alignment, progress, cancellation);
        progress.Note("4 of 4: the aligned model is measured");
        var after = Measure(folder.Run, entities, heldOut);
        return new DemoResult(
            settings.Graph,
            [
                Row("base model", "base", [.. before.Ranked.Select(item => item.Rank)]),
                Row("relation-frequency baseline", "relation_frequency", RelationFrequency.Rank(graph, queries, known)),
                Row("aligned model", "aligned", [.. after.Ranked.Select(item => item.Rank)]),
            ],
            after.Completions, after.Claims, after.Best, after.Worst,
            new DemoSimilarity([.. entities.Select(Name)], before.Cosines, after.Cosines),
            [
                Named(before.Words, "base model", "base", run.Kept?.PerplexityBefore),
                Named(after.Words, "aligned model", "aligned", run.Kept?.PerplexityAfter),
            ],
            run, after.Facts, pretrained, clock.Elapsed.TotalSeconds);
    }

    private sealed record Measured(
        IReadOnlyList<RankedQuery> Ranked, IReadOnlyList<DemoCompletion> Completions, IReadOnlyList<DemoClaim> Claims,
        IReadOnlyList<ReportedAnswer> Best, IReadOnlyList<ReportedAnswer> Worst, FactEvaluation? Facts, double[,] Cosines,
        DemoWords Words);

    private Measured Measure(string path, IReadOnlyList<int> entities, IReadOnlyList<string> heldOut)
    {
        using var model = VerbInputs.Load(OpenedModel.Open(path), "cpu", settings.Alignment.Threads, progress);
        var texts = new TextIndex(graph, model.Wording);
        var ranked = CompletionEvaluation.Rank(model.Decoder, graph, texts, queries, known, progress, cancellation);
        using var completer = path == folder.Run ? Completer.Open(model, graph, progress, cancellation) : null;
        var (best, worst) = completer is null ? ([], []) : ReportedAnswer.Of(completer, known, ranked);
        return new Measured(
            ranked, completer is null ? [] : [.. chosen.Select(query => Complete(query, completer, ranked))],
            completer is null ? []
                : [.. DemoChoice.Claims([.. chosen, .. queries], new FactSplits(graph)).Select(triple => Verify(triple, completer))],
            best, worst,
            completer?.Index.Calibration.Facts is null ? null : FactEvaluation.Of(
                completer, CompletionQuery.Sample(graph.Test, AskedTriples, settings.Alignment.Seed), 1, progress, cancellation),
            Geometry.Similarities(model.Decoder, texts, entities), Ask(model, heldOut));
    }

    private DemoWords Ask(LoadedModel model, IReadOnlyList<string> heldOut)
    {
        var evaluation = new QuestionEvaluation(
            model.Decoder, model.Model.Tokenizer, model.Wording, graph, !model.Opened.IsAligned);
        var triples = CompletionQuery.Sample(graph.Test, AskedTriples, settings.Alignment.Seed);
        return new DemoWords("", "", [.. Enum.GetValues<QuestionKind>().Select(kind => QuestionAccuracy.Of(
            kind, evaluation.Ask(QuestionSet.Make(graph, triples, kind, 0, settings.Alignment.Seed), true, progress, cancellation)))],
            heldOut.Count == 0 ? null : TextPerplexity.OfTexts(model, heldOut, cancellation).Perplexity);
    }

    // A base that was given brings no texts that it never saw: those that it wrote itself and was not held to take their place.
    private static DemoWords Named(DemoWords words, string name, string key, double? kept) =>
        words with { Name = name, Key = key, Perplexity = words.Perplexity ?? kept };

    private DemoRow Row(string name, string key, IReadOnlyList<FilteredRank> ranks) => new(
        name, key, CompletionMetrics.Of(ranks),
        CompletionMetrics.Of(ranks.Where((_, index) => !AnswerInText.Holds(graph, queries[index]))));

    private DemoCompletion Complete(CompletionQuery query, Completer completer, IReadOnlyList<RankedQuery> ranked)
    {
        var others = known.Answers(query.Entity, query.DirectedRelation).ToArray().Where(answer => answer != query.Answer).ToHashSet();
        var best = completer.Entities(QueryEntity.Of(graph, query.Entity), query.DirectedRelation,
            completer.Search(QueryEntity.Of(graph, query.Entity), query.DirectedRelation, Shown, withKnown: false, strictTypes: true)
                with { Known = [.. others.Order()] });
        return new DemoCompletion(
            $"{Name(query.Entity)} {graph.DirectedRelationText(query.DirectedRelation)} …", Name(query.Answer),
            ranked.First(item => item.Query == query).Rank.Realistic, [.. best.Select(candidate => Name(candidate.Entity))]);
    }

    private DemoClaim Verify(Triple triple, Completer completer)
    {
        var verified = Verification.Of(completer, FactClaim.Of(graph, triple), Shown);
        return new DemoClaim(Name(triple.Head), graph.Relations[triple.Relation].Text, Name(triple.Tail), verified,
            VerifiedText.Lines(completer.Catalog, verified, completer.Index.Calibration.Facts, completer.Statement));
    }

    private string Name(int entity) => graph.Entities[entity].Name;
}
