using System.Security.Cryptography;
using System.Text;
using Kalm.Alignment.Keeping;
using Kalm.Alignment.Losses;
using Kalm.Alignment.Options;
using Kalm.Distributed;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Graph.Readers;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Training;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Alignment;

/// <summary>The main job on one screen: a causal language model is aligned with a knowledge graph.</summary>
public sealed class AlignmentRun
{
    /// <summary>The number of steps when the options give no budget.</summary>
    public const int DefaultSteps = 1000;

    private AlignmentOptions options;
    private readonly IProgress<ProgressEvent>? progress;

    private AlignmentRun(AlignmentOptions options, IProgress<ProgressEvent>? progress) =>
        (this.options, this.progress) = (options.Validated(), progress);

    /// <summary>Runs an alignment from folders to a run folder.</summary>
    /// <param name="inputs">What to work on.</param>
    /// <param name="options">Everything that decides the result besides.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <returns>The run's description, as it stands in run.json.</returns>
    /// <exception cref="KalmException">Something given is at fault.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped; its folder holds a checkpoint.</exception>
    public static RunDescription Execute(
        AlignmentInputs inputs, AlignmentOptions options,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        using var sources = new AlignmentSources();
        return Execute(inputs, options, sources, progress, cancellation);
    }

    /// <summary>Runs one of several alignments of one base with one graph.</summary>
    /// <param name="inputs">What to work on: model, graph and device are those of the other runs.</param>
    /// <param name="options">Everything that decides the result besides.</param>
    /// <param name="sources">Base and graph, for all of the runs; not owned.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <returns>The run's description, as it stands in run.json.</returns>
    /// <exception cref="KalmException">Something given is at fault.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped; its folder holds a checkpoint.</exception>
    public static RunDescription Execute(
        AlignmentInputs inputs, AlignmentOptions options, AlignmentSources sources,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default) =>
        new AlignmentRun(options, progress).Execute(inputs, sources, cancellation);

    private BasePrecision HeldPrecision(OpenedModel opened, torch.Device? device, RunDescription? earlier, BasePrecision? held)
    {
        if (options.Method == AlignmentMethod.Full)
            return BasePrecision.Fp32;
        if (options.Lora.BasePrecision != BasePrecision.Auto)
            return options.Lora.BasePrecision;
        if (earlier is not null)
            return earlier.Options.Lora.BasePrecision;
        // What another run has decided fills the memory that would decide.
        if (held is not null)
            return held.Value;
        return device?.type == DeviceType.CUDA ? BasePrecision.Auto : AlignmentMemory.FrozenPrecision(opened);
    }

    private RunDescription Execute(AlignmentInputs inputs, AlignmentSources sources, CancellationToken cancellation)
    {
        var start = TimeProvider.System.GetTimestamp();
        var ranks = inputs.Ranks;
        var earlier = inputs.Resume ? ranks.FromFirst(() => RunFolder.Describe(inputs.Out)) : null;
        if (earlier is null && ranks.IsFirst())
            RunFolder.RequireFree(inputs.Out);
        else if (earlier?.Status == RunStatus.Complete && !inputs.TakesComplete)
            throw new KalmException($"{inputs.Out}: the run is complete; there is nothing to resume");
        var graph = sources.Graph(inputs.Graph, ReadingOf(inputs.GraphOptions ?? new GraphOptions(), earlier), progress);
        var opened = sources.Open(inputs.Model, progress, cancellation);
        if (inputs.Choice is { } given && earlier is null)
        {
            var chosen = ChosenOptions.For(graph, opened, given);
            options = (chosen.Options with { Seed = options.Seed }).Validated();
            progress?.Report(new ProgressNote(chosen.Reason));
        }
        NativeEngine.Initialize();
        var held = ranks.FromFirst(() => HeldPrecision(opened, inputs.Device, earlier, sources.Held));
        var baseModel = sources.Load(inputs.Device, held, progress);
        if (options.Lora.BasePrecision == BasePrecision.Auto && options.Method == AlignmentMethod.Lora)
            options = options with { Lora = options.Lora with { BasePrecision = held } };
        // Who gives texts wants them kept, whatever the base is.
        if (inputs.Texts.Count > 0 && options.Keep.Weight is null)
            options = options with { Keep = options.Keep with { Weight = 1 } };
        options = options.Decided(opened.Writes);
        using var model = new AlignmentModel(baseModel, opened.Source, options);
        var texts = new TextIndex(graph, new Wording(baseModel.Tokenizer, options.Wording, opened.Template));
        if (inputs.Device?.type is not DeviceType.CUDA)
            progress?.Report(new ProgressNote(AlignmentMemory.Of(
                opened.Source, options, model.Learned.Count, AlignmentMemory.TokensOfBatch(texts, options)).ToString()));
        using var optimizer = new AdamW(model.Learned, options.Optimizer.WeightDecay, muon: options.Optimizer.Kind == OptimizerKind.Muon);
        var known = new KnownTexts(graph, texts);
        var description = Describe(inputs, graph, opened, model);
        if (ranks.Count > 1)
        {
            progress?.Report(new ProgressNote($"{ranks.Count} ranks share every step, {description.Threads} threads each"));
            var first = ranks.FromFirst(() => description);
            ResumePoint.RequireNoDifference(
                $"rank {ranks.Rank}: cannot share the work of rank 0, which has other inputs", first.Deciding(), description.Deciding());
            description = first;
        }
        var (checkpoint, isFound) = ((string?)null, false);
        if (earlier is not null)
        {
            ResumePoint.RequireSame(inputs.Out, earlier.Deciding(), description.Deciding());
            if (earlier.Status == RunStatus.Complete)
                return earlier;
            checkpoint = ranks.IsFirst() ? Checkpoints.Newest(inputs.Out, earlier.Id, progress) : null;
            isFound = ranks.FromFirst(() => checkpoint is not null);
            var begun = description with
            {
                Id = earlier.Id, TotalSteps = earlier.TotalSteps, PlannedValidations = earlier.PlannedValidations,
            };
            description = ranks.FromFirst(() => checkpoint is null ? begun
                : TrainingState.Describe<RunDescription>(checkpoint) with { Status = RunStatus.Running, Ranks = begun.Ranks });
            progress?.Report(new ProgressNote(
                isFound ? $"resuming after step {description.StepsDone:N0}" : "no whole checkpoint: starting over"));
        }
        using var run = !ranks.IsFirst() ? null
            : earlier is null ? RunFolder.Create(inputs.Out, description) : RunFolder.Reopen(inputs.Out, description.StepsDone);
        using var keeper = LanguageKeeper.Prepare(
            model, baseModel, opened.Writes, texts.Wording, inputs.Texts, [.. graph.Entities.Select(entity => entity.Name)], options,
            run?.Path, ranks, progress, cancellation);
        using var states = model.Decoder.FrozenLayers > 0 && options.Explicit.Weight > 0
            ? new ViewStates(model.Decoder, texts, graph.Rows(graph.Asked), StatesPath(run, description), progress, cancellation)
            : null;
        using var bank = options.Explicit is { Bank: > 0, Weight: > 0 }
            ? new CandidateBank(Math.Min(options.Explicit.Bank, texts.Descriptions.Count), baseModel.Config.HiddenSize, baseModel.Device)
            : null;
        var step = new AlignmentStep(model, graph, texts, known, options, optimizer, Losses(), ranks);
        using var training = new AlignmentTraining(model, step, optimizer,
            new Validation(model.Decoder, graph, texts, options, ranks), run, description,
            options with { Wording = texts.Wording.Options }, keeper, bank, ranks, progress);
        if (isFound)
            training.Restore(checkpoint);
        return training.Train(BudgetOf(graph, step.BatchSize, description, start), cancellation);

        List<IAlignmentLoss> Losses() =>
        [
            new ExplicitLoss(model, texts, options, ranks, states, bank is null ? null : (bank, known)),
            new ImplicitLoss(model, graph, texts, options, ranks), .. keeper?.Loss is { } keep ? [keep] : Array.Empty<IAlignmentLoss>(),
        ];
    }

    // Other ranks have no folder of the run, and perhaps are on other machines.
    private static string StatesPath(RunFolder? run, RunDescription description) => run is not null
        ? Path.Combine(run.Path, "states.bf16") : Path.Combine(Path.GetTempPath(), $"kalm-{description.Id}-{Environment.ProcessId}.bf16");

    // A run that goes on holds out what it held out.
    private GraphOptions ReadingOf(GraphOptions given, RunDescription? earlier) => given.Split is not null ? given
        : earlier is null ? given with { Split = SplitShares.Default, Seed = options.Seed }
        : given with { Split = earlier.GraphOptions?.Split, Seed = earlier.GraphOptions?.Seed ?? given.Seed };

    private TrainingBudget BudgetOf(KnowledgeGraph graph, int batch, RunDescription description, long start) =>
        description.TotalSteps is { } total ? TrainingBudget.OfSteps(total)
        : options.Budget.Minutes is { } minutes ? TrainingBudget.OfMinutes(minutes, start)
        : options.Budget.Epochs is { } epochs ? TrainingBudget.OfSteps((int)Math.Max(1, Math.Ceiling(epochs * graph.Asked.Count / batch)))
        : TrainingBudget.OfSteps(options.Budget.Steps ?? DefaultSteps);

    private RunDescription Describe(AlignmentInputs inputs, KnowledgeGraph graph, OpenedModel opened, AlignmentModel model) => new()
    {
        Id = Guid.NewGuid().ToString("N"),
        Versions = new Dictionary<string, string>
        {
            ["dotnet"] = Environment.Version.ToString(),
            ["torch"] = torch.__version__,
            ["system"] = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
        },
        Model = inputs.Model,
        Graph = GraphFormats.WithoutSecrets(inputs.Graph),
        // What was decided is read again, whatever a later version would decide.
        GraphOptions = graph.ReadAs == new GraphOptions() ? null : graph.ReadAs,
        Hashes = new RunHashes(SourceHash.Of(opened.Source), graph.Fingerprint(),
            graph.TextsFingerprint(), inputs.Texts.Count == 0 ? null : Hash(inputs.Texts)),
        Options = options,
        Threads = options.Threads ?? Environment.ProcessorCount,
        Workers = model.Decoder.WorkerCount,
        ProductPrecision = model.Decoder.RoundsProducts ? ProductPrecision.Bf16 : ProductPrecision.Fp32,
        Ranks = inputs.Ranks.Count,
        LearnedParameters = model.Learned.Count,
    };

    private static string Hash(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
