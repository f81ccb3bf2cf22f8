using System.CommandLine;
using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Evaluation;
using Kalm.Evaluation.Questions;
using Kalm.Files;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>ablate</c>: what each of the two losses contributes.</summary>
internal static class AblateVerb
{
    private const int DefaultQuestions = 300;

    private static readonly (string Name, Func<AlignmentOptions, AlignmentOptions> Change)[] Variants =
    [
        ("explicit",
            options => options with
            {
                Implicit = options.Implicit with { Weight = 0 },
                Explicit = options.Explicit with { Weight = options.Explicit.Weight > 0 ? options.Explicit.Weight : 1 },
            }),
        ("implicit",
            options => options with
            {
                Explicit = options.Explicit with { Weight = 0 },
                Implicit = options.Implicit with { Weight = options.Implicit.Weight == 0 ? 1 : options.Implicit.Weight },
            }),
        ("joint", options => options),
    ];

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = Options.Text(
            "--model", "MODEL", "the base model; texts that pretrain --hold-out left beside it are measured", required: true);
        var graph = Options.Graph();
        var output = Options.Text("--out", "DIR", "where the three runs and ablation.json go: absent or empty", required: true);
        var minutes = Options.Positive("--minutes", "wall time of each of the three alignments", "M");
        var steps = Options.Whole("--steps", "training steps of each instead");
        var recipe = Options.Text("--recipe", "FILE", "a JSON file of options for the joint run; the others leave a loss out");
        var method = Options.Choice("--method", "what is trained", "full", "full", "lora");
        var questions = Options.Whole("--questions", $"triples that each task asks about [default: {DefaultQuestions}]");
        var limit = Options.Limit();
        var seed = Options.Seed();
        var source = new GraphSource(seed, "test", "valid");
        var threads = Options.Threads();
        var quiet = Options.Quiet();
        var command = new Command("ablate",
            "Aligns with the explicit loss, the implicit loss and both, from the same base, and measures what each keeps and gains.")
        {
            model, graph, output, minutes, steps, recipe, method, questions, limit, seed, threads, quiet,
        };
        source.AddTo(command);
        command.SetAction(parse =>
        {
            var (modelPath, graphPath, outPath) = (parse.GetRequiredValue(model),
                Given.Graph(parse.GetRequiredValue(graph)), parse.GetRequiredValue(output));
            Given.Model(modelPath);
            Given.Free("--out", outPath);
            Given.AtMostOne(("--steps", parse.GetValue(steps) is not null), ("--minutes", parse.GetValue(minutes) is not null));
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
                Text = held.Text,
                Descriptions = held.Descriptions,
            };
            var rows = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                if (held is { Text.Count: 0, Descriptions.Count: 0 })
                    progress.Note($"{modelPath}: has no held-out texts beside it, so what it forgets is not measured: pretrain "
                        + "--hold-out 0.05 leaves some");
                var measured = new List<(string Name, Assessment Figures, RunDescription? Run)> { ("base", Measure(modelPath), null) };
                foreach (var (name, change) in Variants)
                {
                    progress.Note($"{name}:");
                    var path = Path.Combine(outPath, name);
                    var run = AlignmentRun.Execute(
                        new AlignmentInputs(modelPath, graphPath, path) { GraphOptions = source.OptionsOf(parse) },
                        change(joint), progress, terminal.Cancellation);
                    measured.Add((name, Measure(path), run));
                }
                return measured;

                Assessment Measure(string path)
                {
                    using var loaded = Given.Load(OpenedModel.Open(path), "cpu", joint.Threads, progress);
                    return Assessment.Of(loaded, plan, progress, terminal.Cancellation);
                }
            });
            Print(terminal, rows.Select(row => (row.Name, row.Figures)), plan);
            AtomicFile.WriteAllText(
                Path.Combine(outPath, "ablation.json"), Describe(rows, modelPath, graphPath, joint).ToJsonString(Json.Options) + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, IEnumerable<(string Name, Assessment Figures)> rows, AssessmentPlan plan)
    {
        var table = new ResultTable(
            $"{2 * plan.Completion.Count:N0} completion queries, {plan.Asked.Count:N0} questions a task (constrained answers)",
            ["trained on", "MRR", "Hits@10", "head", "tail", "relation", "verdict", "text ppl",
                "descriptions ppl", "anisotropy", "distinct-1", "distinct-2", "distinct-3"]);
        foreach (var (name, figures) in rows)
            table.Add(
                name, Cell(figures.Completion?.MeanReciprocalRank),
                Cell(figures.Completion?.HitsAt10), Cell(figures.Constrained(QuestionKind.Head)),
                Cell(figures.Constrained(QuestionKind.Tail)), Cell(figures.Constrained(QuestionKind.Relation)),
                Cell(figures.Constrained(QuestionKind.Classification)),
                Cell(figures.Text, "N1"), Cell(figures.Descriptions, "N1"), Cell(figures.Anisotropy), Cell(figures.Repetition?.Distinct1),
                Cell(figures.Repetition?.Distinct2), Cell(figures.Repetition?.Distinct3));
        terminal.Print(table);

        static string Cell(double? value, string format = "F3") =>
            value?.ToString(format, System.Globalization.CultureInfo.InvariantCulture) ?? "-";
    }

    private static JsonObject Describe(
        IEnumerable<(string Name, Assessment Figures, RunDescription? Run)> rows, string model, string graph, AlignmentOptions options)
    {
        var json = new JsonObject { ["model"] = model, ["graph"] = graph, ["seed"] = options.Seed, ["minutes"] = options.Budget.Minutes };
        foreach (var (name, figures, run) in rows)
        {
            json[name] = figures.ToJson();
            json[name]!["steps"] = run?.StepsDone;
            json[name]!["seconds"] = run?.Seconds;
        }
        return json;
    }
}
