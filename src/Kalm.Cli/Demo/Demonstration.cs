using System.Diagnostics;
using Kalm.Alignment;
using Kalm.Cli.Plots;
using Kalm.Cli.Progress;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Cli.Demo;

/// <summary>The whole job once: a base model is made and aligned, and measured before and after beside a baseline without text.</summary>
internal sealed class Demonstration
{
    private const int Shown = 3;
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
        folder.Prepare();
        progress.Note($"1 of 4: a base model from the texts of {graph.Entities.Count:N0} entities, without a single triple");
        Pretrainer.Run(PlainTexts.OfGraph(graph), folder.Base, settings.Pretraining, progress, cancellation);
        var pretrained = clock.Elapsed.TotalSeconds;
        progress.Note("2 of 4: the base model is measured");
        var entities = EntityGroups.Choose(graph);
        var (before, _, baseCosines) = Measure(folder.Base, entities);
        progress.Note($"3 of 4: it is aligned with {graph.Train.Count:N0} triples");
        var run = AlignmentRun.Execute(new AlignmentInputs(folder.Base, settings.Graph, folder.Run), settings.Alignment, progress, cancellation);
        progress.Note("4 of 4: the aligned model is measured");
        var (after, completions, cosines) = Measure(folder.Run, entities);
        return new DemoResult(
            settings.Graph,
            [
                Row("base model", "base", [.. before.Select(item => item.Rank)]),
                Row("relation-frequency baseline", "relation_frequency", RelationFrequency.Rank(graph, queries, known)),
                Row("aligned model", "aligned", [.. after.Select(item => item.Rank)]),
            ],
            completions,
            new DemoSimilarity([.. entities.Select(Name)], baseCosines, cosines),
            run, pretrained, clock.Elapsed.TotalSeconds);
    }

    private (IReadOnlyList<RankedQuery> Ranked, IReadOnlyList<DemoCompletion> Completions, double[,] Cosines) Measure(string path, IReadOnlyList<int> entities)
    {
        using var model = Given.Load(ModelFolder.Locate(path), "cpu", settings.Alignment.Threads, progress);
        var texts = new TextIndex(graph, model.Wording);
        var ranked = CompletionEvaluation.Rank(model.Decoder, graph, texts, queries, known, progress, cancellation);
        using var completer = new Completer(model, graph, null, cancellation);
        return (ranked, [.. chosen.Select(query => Complete(query, completer, ranked))], Geometry.Similarities(model.Decoder, texts, entities));
    }

    private DemoRow Row(string name, string key, IReadOnlyList<FilteredRank> ranks) => new(
        name, key, CompletionMetrics.Of(ranks), CompletionMetrics.Of(ranks.Where((_, index) => !AnswerInText.Holds(graph, queries[index]))));

    private DemoCompletion Complete(CompletionQuery query, Completer completer, IReadOnlyList<RankedQuery> ranked)
    {
        var others = known.Answers(query.Entity, query.DirectedRelation).ToArray().Where(answer => answer != query.Answer).ToHashSet();
        var best = completer.Entities(QueryEntity.Of(graph, query.Entity), query.DirectedRelation, Shown, others);
        return new DemoCompletion(
            $"{Name(query.Entity)} {graph.DirectedRelationText(query.DirectedRelation)} …", Name(query.Answer),
            ranked.First(item => item.Query == query).Rank.Realistic, [.. best.Select(candidate => Name(candidate.Entity))]);
    }

    private string Name(int entity) => graph.Entities[entity].Name;
}
