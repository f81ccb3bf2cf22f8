using System.CommandLine;
using Kalm.Alignment;
using Kalm.Cli.Ablation;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Files;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>ablate</c>: what each term of the loss contributes.</summary>
internal static class AblateVerb
{
    private const int DefaultQuestions = 300;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = Options.Text(
            "--model", "MODEL", "the base model; texts that pretrain --hold-out left beside it are measured", required: true);
        var graph = Options.Graph(true);
        var output = Options.Text("--out", "DIR", "where the runs, ablation.json and ablation.png go: absent or empty", required: true);
        var text = new Option<string[]>("--text")
        {
            HelpName = "FILE...", Description = "plain text in UTF-8 whose perplexity is measured [default: what lies beside the model]",
            AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore,
        };
        var minutes = Options.Positive("--minutes", "wall time of each alignment", "M");
        var steps = Options.Whole("--steps", "training steps of each instead");
        var recipe = Options.Text("--recipe", "FILE", "a JSON file of options for the joint run; the others leave a loss out");
        var method = Options.Choice("--method", "what is trained", "full", "full", "lora");
        var questions = Options.Whole("--questions", $"triples that each task asks about [default: {DefaultQuestions}]");
        var limit = Options.Limit();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var threads = Options.Threads();
        var resume = new Option<bool>("--resume")
        {
            Description = "go on in --out: runs that are complete stay, a stopped one goes on, and all are measured",
        };
        var quiet = Options.Quiet();
        var command = new Command("ablate",
            "Aligns with the explicit loss, the implicit loss and both, from the same base, and measures what each keeps and "
                + "gains; a base that "
                + "was made to write with and without keeping its language.")
        {
            model, graph, output, text, minutes, steps, recipe, method, questions, limit, seed, threads, resume,
            quiet,
        };
        source.AddTo(command);
        command.SetAction(parse =>
        {
            var (modelPath, graphPath, outPath) = (parse.GetRequiredValue(model),
                VerbInputs.Graph(parse.GetRequiredValue(graph)), parse.GetRequiredValue(output));
            VerbInputs.Model(modelPath);
            if (!parse.GetValue(resume))
                VerbInputs.Free("--out", outPath);
            VerbInputs.AtMostOne(("--steps", parse.GetValue(steps) is not null), ("--minutes", parse.GetValue(minutes) is not null));
            var joint = Recipe.Read(parse.GetValue(recipe));
            joint = joint with
            {
                Method = parse.GetResult(method) is { Implicit: false } || parse.GetValue(recipe) is null
                    ? Enum.Parse<AlignmentMethod>(parse.GetRequiredValue(method), ignoreCase: true) : joint.Method,
                Seed = parse.GetValue(seed) ?? joint.Seed,
                Threads = parse.GetValue(threads) ?? joint.Threads,
            };
            if ((parse.GetValue(steps), parse.GetValue(minutes)) is not (null, null) and var budget)
                joint = joint with { Budget = joint.Budget with { Steps = budget.Item1, Minutes = budget.Item2, Epochs = null } };
            if (joint.Budget is { Steps: null, Minutes: null, Epochs: null })
                throw new KalmException("--minutes, --steps: missing; expected a budget for each alignment");
            var knowledge = source.Load(parse, graphPath);
            var held = HeldOutTexts.Of(modelPath);
            var split = Splits.NotEmpty(knowledge, "--split", source.SplitName(parse));
            var plan = new AssessmentPlan(
                knowledge, CompletionQuery.Sample(split, parse.GetValue(limit), joint.Seed),
                CompletionQuery.Sample(split, parse.GetValue(questions) ?? DefaultQuestions, joint.Seed), joint.Seed)
            {
                Text = parse.GetResult(text) is null ? held.Text : PlainTexts.OfFiles(parse.GetRequiredValue(text)),
                Descriptions = held.Descriptions,
            };
            terminal.HowToGoOn = $"{outPath}: the same command with --resume goes on from what is done";
            var result = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                var keeps = Writes(modelPath);
                if (plan is { Text.Count: 0, Descriptions.Count: 0 })
                    progress.Note($"{modelPath}: has no held-out texts beside it, so what it forgets of them is not measured: --text names "
                        + "some, and pretrain --hold-out 0.05 leaves some");
                var measured = new List<AblationRow> { new("base", Measure(modelPath), null) };
                foreach (var (name, options) in AblationVariants.Of(joint, keeps))
                {
                    progress.Note($"{name}:");
                    var path = Path.Combine(outPath, name);
                    var run = AlignmentRun.Execute(
                        new AlignmentInputs(modelPath, graphPath, path)
                        {
                            GraphOptions = source.OptionsOf(parse), TakesComplete = true,
                            Resume = parse.GetValue(resume) && Directory.Exists(path),
                        },
                        options, progress, terminal.Cancellation);
                    measured.Add(new(name, Measure(path), run));
                    // What is measured is not lost with what comes after it.
                    Write(new AblationResult(measured, plan));
                }
                return new AblationResult(measured, plan);

                Assessment Measure(string path)
                {
                    NativeMemory.Return();
                    using var loaded = VerbInputs.Load(OpenedModel.Open(path), "cpu", joint.Threads, progress);
                    return Assessment.Of(loaded, plan, progress, terminal.Cancellation);
                }
            });
            result.Print(terminal);
            if (result.Plot() is { } image)
                AtomicFile.Write(Path.Combine(outPath, "ablation.png"), stream => stream.Write(image));
            return ExitCode.Success;

            void Write(AblationResult measured) => AtomicFile.WriteAllText(
                Path.Combine(outPath, "ablation.json"), measured.ToJson(modelPath, graphPath, joint).ToJsonString(Json.Options) + "\n");
        });
        return command;
    }

    private static bool Writes(string model)
    {
        using var opened = OpenedModel.Open(model);
        return opened.Writes;
    }
}
