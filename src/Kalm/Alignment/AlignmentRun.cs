using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Checkpoints;
using Kalm.Language.Training;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Alignment;

/// <summary>The main job on one screen: a causal language model is aligned with a knowledge graph.</summary>
public sealed class AlignmentRun
{
    /// <summary>The number of steps when the options give no budget.</summary>
    public const int DefaultSteps = 1000;

    private readonly AlignmentOptions options;
    private readonly IProgress<TrainingEvent>? progress;

    private AlignmentRun(AlignmentOptions options, IProgress<TrainingEvent>? progress) => (this.options, this.progress) = (options.Validated(), progress);

    /// <summary>Runs an alignment from folders to a run folder.</summary>
    /// <param name="modelPath">A Hugging Face folder, or a run made with method full.</param>
    /// <param name="graphPath">The graph's folder, or its file of triples.</param>
    /// <param name="outPath">The run folder: absent or empty, or the run to resume.</param>
    /// <param name="options">Everything else.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="device">Where to compute; the CPU when null.</param>
    /// <param name="graphOptions">How the graph is read; null takes it as it stands.</param>
    /// <param name="resume">Whether to go on with the run that <paramref name="outPath"/> holds, from its newest whole checkpoint; what follows is
    /// what an uninterrupted run would have done, bit for bit.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <returns>The run's description, as it stands in run.json.</returns>
    /// <exception cref="KalmException">Something given is at fault.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped; its folder holds a checkpoint.</exception>
    public static RunDescription Execute(
        string modelPath, string graphPath, string outPath, AlignmentOptions options,
        IProgress<TrainingEvent>? progress = null, torch.Device? device = null, GraphOptions? graphOptions = null, bool resume = false,
        CancellationToken cancellation = default) =>
        new AlignmentRun(options, progress).Execute(modelPath, graphPath, outPath, device, graphOptions, resume, cancellation);

    private RunDescription Execute(
        string modelPath, string graphPath, string outPath, torch.Device? device, GraphOptions? graphOptions, bool resume, CancellationToken cancellation)
    {
        var earlier = resume ? RunFolder.Describe(outPath) : null;
        if (earlier is null)
            RunFolder.RequireFree(outPath);
        var graph = KnowledgeGraph.Load(graphPath, graphOptions);
        foreach (var warning in graph.Warnings)
            progress?.Report(new TrainingNote(warning));
        if (graph.Test.Count == 0)
            progress?.Report(new TrainingNote("no test split: nothing is held out to measure the result on"));
        var folder = ModelFolder.Locate(modelPath);
        if (folder.Adapter is not null)
            throw new KalmException($"{modelPath}: is an adapter; expected a base model to align (a Hugging Face folder or a run made with method full)");
        NativeEngine.Initialize();
        using var baseModel = folder.Load(device);
        foreach (var warning in baseModel.Warnings)
            progress?.Report(new TrainingNote(warning));
        using var model = new AlignmentModel(baseModel, Path.GetFullPath(folder.Base), options);
        var texts = new TextIndex(graph, new Wording(baseModel.Tokenizer, options.Wording));
        using var optimizer = new AdamW(model.Learned, options.WeightDecay);
        var step = new AlignmentStep(model, graph, texts, new KnownTexts(graph, texts), options, optimizer);
        var description = Describe(modelPath, graphPath, graph, folder, model) with { GraphOptions = graphOptions };
        var checkpoint = (string?)null;
        if (earlier is not null)
        {
            ResumePoint.RequireSame(outPath, earlier, description);
            checkpoint = ResumePoint.Find(outPath, earlier.Id, progress);
            description = checkpoint is not null
                ? TrainingState.Describe(checkpoint)
                : description with { Id = earlier.Id, TotalSteps = earlier.TotalSteps, PlannedValidations = earlier.PlannedValidations };
            progress?.Report(new TrainingNote(checkpoint is null ? "no whole checkpoint: starting over" : $"resuming after step {description.StepsDone:N0}"));
        }
        using var run = earlier is null ? RunFolder.Create(outPath, description) : RunFolder.Reopen(outPath, description.StepsDone);
        using var training = new AlignmentTraining(model, step, optimizer, new Validation(model.Decoder, graph, texts, options), run, description, options, progress);
        if (checkpoint is not null)
            training.Restore(checkpoint);
        return training.Train(BudgetOf(graph, step.BatchSize, description), cancellation);
    }

    private TrainingBudget BudgetOf(KnowledgeGraph graph, int batch, RunDescription description) =>
        description.TotalSteps is { } total ? TrainingBudget.OfSteps(total)
        : options.Minutes is { } minutes ? TrainingBudget.OfMinutes(minutes)
        : options.Epochs is { } epochs ? TrainingBudget.OfSteps((int)Math.Max(1, Math.Ceiling(epochs * graph.Train.Count / batch)))
        : TrainingBudget.OfSteps(options.Steps ?? DefaultSteps);

    private RunDescription Describe(string modelPath, string graphPath, KnowledgeGraph graph, ModelFolder folder, AlignmentModel model) => new()
    {
        Id = Guid.NewGuid().ToString("N"),
        Versions = new Dictionary<string, string>
        {
            ["dotnet"] = Environment.Version.ToString(),
            ["torch"] = torch.__version__,
            ["system"] = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
        },
        Model = modelPath,
        Graph = graphPath,
        Hashes = new RunHashes(CheckpointFolder.HashWeights(folder.Base), graph.Fingerprint(), graph.TextsFingerprint()),
        Options = options,
        Threads = options.Threads ?? Environment.ProcessorCount,
        Workers = model.Decoder.WorkerCount,
        LearnedParameters = model.Learned.Count,
    };
}
