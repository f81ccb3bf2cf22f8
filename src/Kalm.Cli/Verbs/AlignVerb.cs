using System.CommandLine;
using Kalm.Alignment;
using Kalm.Cli.Progress;
using Kalm.Cli.Reports;
using Kalm.Distributed;
using Kalm.Files;
using Kalm.Language.Model;
using Kalm.Language.Sources;

namespace Kalm.Cli.Verbs;

/// <summary><c>align</c>: the main job.</summary>
internal static class AlignVerb
{
    private static readonly Dictionary<string, AlignmentMethod> Methods =
        new() { ["lora"] = AlignmentMethod.Lora, ["full"] = AlignmentMethod.Full };

    private static readonly Dictionary<string, BasePrecision> Precisions = new()
    {
        ["auto"] = BasePrecision.Auto,
        ["stored"] = BasePrecision.Stored,
        ["fp32"] = BasePrecision.Fp32,
        ["bf16"] = BasePrecision.Bf16,
        ["int8"] = BasePrecision.EightBit,
    };

    private const string AlignStage = "align";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = Options.Text("--model", "MODEL",
            "the base model: a Hugging Face folder, a .gguf file, a hub id, or a run made with method full", required: true);
        var stage = Options.Choice("--stage", "what is done: the alignment, or a re-ranker for the finished run that --model names, which "
            + "is put into its folder; --out is not given then, and --graph may be", AlignStage, AlignStage, RerankStage.Name);
        var graph = Options.Text("--graph", "GRAPH", "the graph: a folder, file or archive, whose format is detected");
        var output = Options.Text("--out", "RUN", "the run folder to write: absent or empty");
        var recipe = Options.Text("--recipe", "FILE", "a JSON file of options; the flags beat it "
            + "[default: options chosen for graph, model and time]");
        var text = new Option<string[]>("--text")
        {
            HelpName = "FILE...", Description = "plain text in UTF-8 to go on reading, so that the model does not forget how to write",
            AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore,
        };
        var wording = new FormChoice();
        var method = Options.Choice("--method",
            "what is trained [default: lora for a base that was made to write or whose precision is given, else full]",
            null, [.. Methods.Keys]);
        var precision = Options.Choice("--base-precision", "how a frozen base is held, with method lora: auto leaves a quantized GGUF as "
            + "it is stored; bf16 where the machine multiplies it fast", "auto", [.. Precisions.Keys]);
        var epochs = Options.Positive("--epochs", "passes over the train triples", "N");
        var steps = Options.Whole("--steps", "training steps");
        var minutes = Options.Positive("--minutes", "wall time of it all, from reading graph and base to the written result", "M");
        var batch = Options.Whole("--batch", "triples a step");
        var seed = Options.Seed();
        var seeds = Options.Whole("--seeds", "runs that differ by their seed alone, from --seed on, one after another: each in a folder "
            + "of its own, OUT/seed-1 and so on, with the spread of their validations in OUT/seeds.json");
        var json = Options.JsonFile();
        var source = new GraphSource(seed, graph, holdsOut: true);
        var threads = Options.Threads();
        var device = Options.Device();
        var saveEvery = Options.Whole("--save-every", "also write a checkpoint every so many steps", placeholder: "STEPS");
        var validations = Options.Whole("--validations", "validations after the first [default: by the length of the run]", 0);
        var patience = Options.Whole("--patience", "validations in a row without a better MRR after which training ends early; 0 for never "
            + "[default: 4 where options are chosen for a small model, else never]", 0);
        var resume = new Option<bool>(
            "--resume") { Description = "go on with the stopped run in --out; what is not given is taken from it" };
        var force = new Option<bool>("--force") { Description = "with --stage rerank, replace the re-ranker that the run has" };
        var quiet = Options.Quiet();
        var command = new Command("align", "Aligns a model with a graph: the main job.")
        {
            stage, model, graph, output, text, recipe, method, precision, epochs, steps,
            minutes, batch, seed, seeds, threads, device, saveEvery, validations, patience, resume, force, json, quiet,
        };
        source.AddTo(command);
        wording.AddTo(command);
        Option[] ofAlignment = [output, text, method, precision, epochs, batch, seeds, saveEvery, validations, patience, resume, json];
        command.Validators.Add(result =>
        {
            var missing = new Option[] { graph, output }.Where(option => result.GetResult(option) is null).ToList();
            if (missing.Count > 0 && result.GetResult(stage)?.Tokens is not [{ Value: not AlignStage }])
                result.AddError($"{string.Join(", ", missing.Select(option => option.Name))}: missing; expected "
                    + string.Join(" ", missing.Select(option => $"{option.Name} {option.HelpName}")));
        });
        command.SetAction(parse =>
        {
            var ranks = terminal.Ranks;
            if (ranks.Count > 1 && (parse.GetValue(stage) == RerankStage.Name || parse.GetValue(seeds) is not null))
                throw new KalmException($"align: found {ranks.Count} ranks with "
                    + (parse.GetValue(seeds) is null ? "--stage rerank" : "--seeds") + "; expected one process, or one alignment");
            if (parse.GetValue(stage) == RerankStage.Name)
            {
                foreach (var option in ofAlignment.Where(option => parse.GetResult(option) is { Implicit: false }))
                    throw new KalmException(
                        $"{option.Name}: found with --stage rerank; expected without, because it is taken from the run");
                return RerankStage.Run(terminal, parse.GetValue(quiet), new RerankStage(
                    parse.GetRequiredValue(model), parse.GetValue(recipe), parse.GetValue(minutes), parse.GetValue(steps),
                    parse.GetValue(seed), parse.GetValue(threads), parse.GetRequiredValue(device), parse.GetValue(force)),
                    (opened, progress) => source.Load(parse, opened, progress));
            }
            if (parse.GetValue(force))
                throw new KalmException("--force: found without --stage rerank; expected with it, because it replaces a re-ranker");
            var (modelPath, graphPath, runPath) =
                (parse.GetRequiredValue(model), parse.GetRequiredValue(graph), parse.GetRequiredValue(output));
            var budget = (Epochs: parse.GetValue(epochs), Steps: parse.GetValue(steps), Minutes: parse.GetValue(minutes));
            VerbInputs.AtMostOne(
                ("--epochs", budget.Epochs is not null), ("--steps", budget.Steps is not null), ("--minutes", budget.Minutes is not null));
            VerbInputs.Model(modelPath);
            VerbInputs.Graph(graphPath);
            VerbInputs.Writable("--json", parse.GetValue(json));
            var count = parse.GetValue(seeds);
            if (!parse.GetValue(resume) && ranks.IsFirst())
                VerbInputs.Free("--out", runPath);
            var earlier = parse.GetValue(resume) ? ranks.FromFirst(() => RunFolder.Describe(Resumed(runPath, count))) : null;
            // Without a recipe options are chosen when graph and base are known; what the flags say beats them.
            var chooses = earlier is null && parse.GetValue(recipe) is null;
            var options = With(earlier is not null && parse.GetValue(recipe) is null
                ? earlier.Options : Recipe.Read(parse.GetValue(recipe)));
            var hasBudget = chooses || options.Budget is not { Epochs: null, Steps: null, Minutes: null };
            var graphOptions = source.OptionsOf(
                parse, earlier is null ? null : GraphSource.ReadBy(earlier.GraphOptions), options.Seed);
            var texts = parse.GetResult(text) is not null ? PlainTexts.OfFiles(parse.GetRequiredValue(text)) : [];
            var chosenDevice = VerbInputs.Device(parse.GetRequiredValue(device));
            var inputs = new AlignmentInputs(modelPath, graphPath, runPath)
            {
                GraphOptions = graphOptions, Texts = texts, Device = chosenDevice, Resume = earlier is not null,
                Choice = chooses ? With : null, Ranks = ranks,
            };
            if (count is null)
            {
                var run = Run(progress => AlignmentRun.Execute(inputs, options, progress, terminal.Cancellation),
                    "its folder checkpoints/ holds the last step; the same command with --resume goes on from it");
                if (!ranks.IsFirst())
                    return ExitCode.Success;
                AtomicFile.WriteAllText(Path.Combine(runPath, RunSections.FileName), RunSections.Html(run, runPath));
                Print(terminal, run, runPath);
                if (parse.GetValue(json) is { } runJson)
                    Json.Write(runJson, run);
                return ExitCode.Success;
            }
            var summary = Run(progress => SeedRuns.Execute(inputs, options, count.Value, progress, terminal.Cancellation),
                "holds what is done; the same command with --resume goes on from it");
            Print(terminal, summary, runPath);
            if (parse.GetValue(json) is { } seedsJson)
                AtomicFile.WriteAllText(seedsJson, summary.ToJson().ToJsonString(Json.Options) + "\n");
            return ExitCode.Success;

            T Run<T>(Func<ProgressView, T> work, string whereStopped) => terminal.Watch(parse.GetValue(quiet), progress =>
            {
                if (!hasBudget)
                    progress.Report(new ProgressNote(
                        $"no budget given: {AlignmentRun.DefaultSteps:N0} steps; --epochs, --steps or --minutes set another"));
                try
                {
                    return work(progress);
                }
                catch (OperationCanceledException) when (SeedFolders.In(runPath).Count > 0
                    || File.Exists(Path.Combine(runPath, ModelSources.RunFile)))
                {
                    terminal.HowToGoOn = $"{runPath}: {whereStopped}";
                    throw;
                }
            });

            AlignmentOptions With(AlignmentOptions options)
            {
                // A budget replaces the recipe's, of whatever kind that is.
                var budgeted = budget is (null, null, null) ? options.Budget
                    : options.Budget with { Epochs = budget.Epochs, Steps = budget.Steps, Minutes = budget.Minutes };
                var held = parse.GetResult(precision) is { Implicit: false }
                    ? Precisions[parse.GetRequiredValue(precision)] : options.Lora.BasePrecision;
                return options with
                {
                    // Only a frozen base can be held in another precision.
                    Method = parse.GetResult(method) is { Implicit: false } ? Methods[parse.GetRequiredValue(method)]
                        : chooses && held is not (BasePrecision.Auto or BasePrecision.Fp32) ? AlignmentMethod.Lora : options.Method,
                    Lora = options.Lora with { BasePrecision = held },
                    Wording = options.Wording with { Form = wording.Of(parse) ?? options.Wording.Form },
                    Batches = options.Batches with { Triples = parse.GetValue(batch) ?? options.Batches.Triples },
                    Seed = parse.GetValue(seed) ?? options.Seed,
                    Threads = parse.GetValue(threads) ?? options.Threads,
                    Budget = budgeted with
                    {
                        SaveEvery = parse.GetValue(saveEvery) ?? budgeted.SaveEvery,
                        Validations = parse.GetValue(validations) ?? budgeted.Validations,
                        Patience = parse.GetValue(patience) ?? budgeted.Patience,
                    },
                };
            }
        });
        return command;
    }

    // The run whose options count where none are given.
    private static string Resumed(string path, int? seeds) => (SeedFolders.In(path), seeds) switch
    {
        ([], null) => path,
        ([], _) => throw new KalmException($"--out {path}: found no runs of seeds; expected a folder of them to go on with"
            + (File.Exists(Path.Combine(path, ModelSources.RunFile)) ? ", or no --seeds, for it is a run" : "")),
        (var found, null) => throw new KalmException(
            $"--out {path}: holds {SeedFolders.Counted(found)}; expected --seeds to go on with them, or one of them, as "
            + Path.Combine(path, SeedFolders.NameOf(found[0]))),
        var (found, _) => Path.Combine(path, SeedFolders.NameOf(found[0])),
    };

    private static void Print(Terminal terminal, SeedSummary summary, string path)
    {
        terminal.Print(SeedTable.Of(summary));
        if (summary.Best is { } best)
            terminal.Print($"best on valid: {Path.Combine(path, best.Folder)}");
        terminal.Print($"next: {terminal.Command} evaluate completion --model {GraphSource.Quoted(path)}");
    }

    private static void Print(Terminal terminal, RunDescription run, string runPath)
    {
        var before = run.Validations.FirstOrDefault(validation => validation.Step == 0);
        var best = run.Validations.FirstOrDefault(validation => validation.Step == run.BestStep);
        terminal.Print(ResultTable.OfFacts(
            null,
            ("status", run.Status.ToString().ToLowerInvariant()),
            ("steps", $"{run.StepsDone:N0}"),
            ("seconds", $"{run.Seconds:F1}"),
            ("ranks", run.MeanStep is { } mean ? $"{run.Ranks:N0}, {mean.Seconds:F3} s a step, of it {mean.CommunicationSeconds:F3} s for "
                + $"{mean.CommunicationBytes:N0} bytes to the others and for waiting" : $"{run.Ranks:N0}"),
            ("learned parameters", $"{run.LearnedParameters:N0}"),
            ("kept step", run.BestStep is { } step ? $"{step:N0}" : "-"),
            ("validation before", Describe(before)),
            ("validation at the kept step", Describe(best)),
            ("perplexity of held-out texts", run.Kept is { } kept
                ? $"{kept.PerplexityBefore:F2} before, {kept.PerplexityAfter:F2} after ({kept.Texts:N0} texts)" : "-"),
            ("result", Path.Combine(runPath, run.Options.Method == AlignmentMethod.Full ? "model" : "adapter")),
            ("report", Path.Combine(runPath, RunSections.FileName))));
        if (run.Kept is not null)
            terminal.Print(KeptTable.Of(run.Kept));
        terminal.Print($"next: {terminal.Command} evaluate completion --model {GraphSource.Quoted(runPath)} --graph "
            + $"{GraphSource.Quoted(run.Graph)}{GraphSource.Written(run.GraphOptions)}");
    }

    private static string Describe(RunValidation? validation) =>
        validation is null ? "-" : $"MRR {validation.MeanReciprocalRank:F3}  Hits@10 {validation.HitsAt10:F3}";
}
