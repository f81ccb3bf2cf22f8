using System.Diagnostics;
using System.Text.Json;
using Kalm.Alignment.Options;
using Kalm.Completion.Reranking;
using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Training;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Alignment.Reranking;

/// <summary>What a re-ranker is made of.</summary>
/// <param name="Run">The folder of a finished run.</param>
/// <param name="Options">The run's options with those of the re-ranker, its seed and its threads.</param>
/// <param name="Replaces">Whether one that is there is replaced.</param>
public sealed record RerankInputs(string Run, AlignmentOptions Options, bool Replaces = false)
{
    /// <summary>Where to compute; the CPU when null.</summary>
    public torch.Device? Device { get; init; }
}

/// <summary>The second job on one screen: a finished run gets a re-ranker.</summary>
public static class RerankRun
{
    private const int MeasuredQueries = 64;

    /// <summary>Trains a re-ranker, fits its weights on the validation split and puts it into the run's folder.</summary>
    /// <param name="opened">The run, opened; owned from here on.</param>
    /// <param name="graph">The run's graph.</param>
    /// <param name="inputs">What to do.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Stops the work between steps; nothing is left behind.</param>
    /// <exception cref="KalmException">Something given is at fault.</exception>
    public static RerankerDescription Execute(
        OpenedModel opened, KnowledgeGraph graph, RerankInputs inputs, IProgress<ProgressEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var aligned = new LoadedModel(opened, inputs.Device, inputs.Options.Threads);
        var (options, target) = (inputs.Options.Validated().Decided(opened.Writes), Reranker.FolderOf(opened));
        Require(inputs, graph, target);
        var rerank = options.Rerank;
        var texts = new TextIndex(graph, aligned.Wording);
        var relay = progress is null ? null : new Relay(progress);
        var (mined, valid) = Ranked();

        using var trained = CausalModel.Load(opened.Source.Base, inputs.Device,
            options.Method == AlignmentMethod.Full ? BasePrecision.Fp32 : options.Lora.BasePrecision);
        // A verdict is read behind the last layer, whatever vectors are taken behind.
        using var model = new AlignmentModel(trained, opened.Source.Base, options with
        {
            Explicit = options.Explicit with { VectorLayer = null, InitialTemperature = aligned.Temperature },
        }, withVerdict: true);
        if (opened.Source.Adapter is { } adapter)
            model.StartFrom(adapter);
        var shape = new VerdictShape(rerank.Depth, rerank.TextTokens, rerank.Neighbours, rerank.NeighbourTokens, options.Seed);
        var trees = new VerdictTrees(graph, aligned.Wording, shape, trained.Config.ContextLength, texts);
        using var optimizer = new AdamW(model.Learned, options.Optimizer.WeightDecay, muon: options.Optimizer.Kind == OptimizerKind.Muon);
        using var average = new ExponentialMovingAverage(model.Learned, options.Optimizer.EmaDecay);
        using var verdict = model.Learned[AlignmentModel.VerdictName];
        var reader = new SignalReader(model.Decoder, verdict, trees, aligned.Decoder, aligned.Wording, aligned.Temperature);
        var (steps, seconds) = new RerankTraining(
            model, trees, new RerankSampler(graph, mined, rerank, options.Seed), options, optimizer, average)
            .Train(BudgetOf(inputs, start), rerank.Minutes is null ? 0 : FittingSeconds(), progress, cancellation);

        using var averaged = average.Use();
        var (weights, gain) = WeightFit.Of(valid, SignalsOf(valid, relay));
        var description = new RerankerDescription
        {
            Shape = shape, Weights = weights, Valid = gain, Vectors = VectorKey.Of(opened, graph), Steps = steps, Seconds = seconds,
            Options = JsonSerializer.SerializeToNode(rerank, Json.Options)!.AsObject(),
        };
        Write(target, model, aligned.Wording.Options, description);
        return description;

        // What a few queries take, once the code for them is compiled, tells of all.
        double FittingSeconds()
        {
            var few = valid.Take(MeasuredQueries).ToList();
            _ = SignalsOf(few, null);
            var watch = Stopwatch.StartNew();
            _ = SignalsOf(few, null);
            return watch.Elapsed.TotalSeconds / few.Count * valid.Count;
        }

        List<RerankSignals> SignalsOf(IReadOnlyList<RankedQuery> queries, IProgress<EvaluationProgress>? told) =>
            [.. Reranker.SignalsOf(reader, graph, queries, null, told, cancellation).Select(item => item.Signals)];

        (IReadOnlyList<RankedQuery> Mined, IReadOnlyList<RankedQuery> Valid) Ranked()
        {
            using var entities = EncodedTexts.OfEntities(
                aligned.Decoder, texts, [.. Enumerable.Range(0, texts.Descriptions.Count)], Alone.Instance, relay, cancellation);
            return (Rank(graph.Asked, rerank.MinedTriples, graph.TrainFacts),
                Rank(graph.Valid, rerank.ValidTriples, new KnownFacts(graph, graph.Train, graph.Valid)));

            IReadOnlyList<RankedQuery> Rank(IReadOnlyList<Triple> split, int most, KnownFacts known) => CompletionEvaluation.Rank(
                aligned.Decoder, graph, texts, entities,
                CompletionQuery.Of(graph, CompletionQuery.Sample(split, most, options.Seed)), known, relay, cancellation,
                depth: rerank.Depth);
        }
    }

    private static void Require(RerankInputs inputs, KnowledgeGraph graph, string target)
    {
        var run = RunFolder.Describe(inputs.Run);
        if (run.Status != RunStatus.Complete)
            throw new KalmException($"{inputs.Run}: the run is {run.Status.ToString().ToLowerInvariant()}; expected a complete one");
        if (graph.Valid.Count < 2)
            throw new KalmException($"{graph.Path}: found {graph.Valid.Count} triples in the valid split; expected 2 or more, because what "
                + "a re-ranker is worth is fitted on them");
        if (graph.Asked.Count == 0)
            throw new KalmException($"{graph.Path}: found no train triples to learn from; expected some");
        if (!inputs.Replaces && Directory.Exists(target))
            throw new KalmException($"{target}: the run has a re-ranker already; expected none, or --force to replace it");
    }

    private static TrainingBudget BudgetOf(RerankInputs inputs, long start) => inputs.Options.Rerank switch
    {
        { Steps: { } steps } => TrainingBudget.OfSteps(steps),
        { Minutes: { } minutes } => TrainingBudget.OfMinutes(minutes, start),
        _ => TrainingBudget.OfMinutes(RunFolder.Describe(inputs.Run).Seconds / 60 / 2),
    };

    private static void Write(string target, AlignmentModel model, WordingOptions wording, RerankerDescription description)
    {
        StagedFolder.RemoveAbandoned(target);
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        using var staged = new StagedFolder(target);
        model.Save(staged.Path, wording);
        SourceTensors.Write(
            staged.File(RerankerDescription.VerdictName), [(RerankerDescription.TensorName, [model.Decoder.Config.HiddenSize])],
            _ => model.Learned[AlignmentModel.VerdictName]);
        Json.Write(staged.File(RerankerDescription.FileName), description);
        staged.Commit();
    }

    private sealed class Relay(IProgress<ProgressEvent> progress) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => progress.Report(new ProgressStage(value.Stage, value.Done, value.Total));
    }
}
