using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Evaluation;
using Kalm.Evaluation.Questions;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate questions</c>: the four tasks of question answering.</summary>
internal static class EvaluateQuestionsVerb
{
    private static readonly QuestionKind[] All = [QuestionKind.Head, QuestionKind.Tail, QuestionKind.Relation, QuestionKind.Classification];

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var tasks = new Option<QuestionKind[]>("--tasks")
        {
            HelpName = "head,tail,relation,classification",
            Description = "what is asked [default: all four]",
            DefaultValueFactory = _ => All,
            CustomParser = ParseTasks,
        };
        var shots = Options.Whole("--shots", "examples from train before each question [default: 0]", least: 0);
        var names = new Option<bool>("--no-descriptions") { Description = "entities are given by name alone" };
        var wording = new FormChoice();
        var correction = Options.Choice(
            "--correction",
            "whether constrained answers lose what they are likely by themselves; auto unless the model was aligned: then "
                + "it has learned that",
            "auto", "auto", "always", "never");
        var limit = Options.Limit();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var json = Options.JsonFile();
        var answers = Options.Text("--answers", "FILE", "also write a line for each question, separated by tabs");
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("questions", "Asks for heads, tails, relations and verdicts in words.")
        {
            graph, tasks, shots, names, correction, limit, seed, json, answers, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        wording.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Model(model.NameOf(parse)!);
            source.Check(parse);
            VerbInputs.Writable("--json", parse.GetValue(json));
            VerbInputs.Writable("--answers", parse.GetValue(answers));
            using var opened = wording.Apply(parse, model.Open(parse, terminal, parse.GetValue(quiet)));
            var corrects = parse.GetRequiredValue(correction) is var word && (word == "always" || (word == "auto" && !opened.IsAligned));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var split = source.SplitName(parse);
            var seedValue = parse.GetValue(seed) ?? 1;
            var triples = CompletionQuery.Sample(Splits.NotEmpty(knowledge, "--split", split), parse.GetValue(limit), seedValue);
            var withDescriptions = !parse.GetValue(names);
            var sets = parse.GetRequiredValue(tasks)
                .Select(kind => QuestionSet.Make(knowledge, triples, kind, parse.GetValue(shots) ?? 0, seedValue)).ToList();
            var (results, seconds) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var clock = Stopwatch.StartNew();
                var evaluation = new QuestionEvaluation(
                    loaded.Decoder, loaded.Model.Tokenizer, loaded.Wording, knowledge, corrects);
                var asked = new List<IReadOnlyList<QuestionAnswer>>();
                foreach (var set in sets)
                {
                    progress.Note($"{Name(set.Kind)}: {set.Questions.Count:N0} questions");
                    foreach (var example in set.Examples)
                        progress.Note($"  example: {Describe(knowledge, example)}");
                    asked.Add(evaluation.Ask(set, withDescriptions, progress, terminal.Cancellation));
                    if (evaluation.FewestShots < set.Examples.Count)
                        progress.Note($"{Name(set.Kind)}: the context holds only {evaluation.FewestShots} of {set.Examples.Count} examples "
                            + "before the longest questions");
                }
                return (asked, clock.Elapsed.TotalSeconds);
            });
            var accuracies = sets.Zip(results).Where(pair => pair.Second.Count > 0)
                .Select(pair => QuestionAccuracy.Of(pair.First.Kind, pair.Second)).ToList();
            Print(terminal, accuracies, split, parse.GetValue(shots) ?? 0, withDescriptions);
            if (parse.GetValue(json) is { } jsonPath)
                AtomicFile.WriteAllText(jsonPath, new JsonObject
                {
                    ["tasks"] = new JsonObject(accuracies.Select(item => KeyValuePair.Create(Name(item.Kind), (JsonNode?)item.ToJson()))),
                    ["shots"] = parse.GetValue(shots) ?? 0,
                    ["with_descriptions"] = withDescriptions,
                    ["wording"] = (opened.Settings.Wording.Form ?? (opened.Template is null ? PromptForm.Alpaca : PromptForm.Chat))
                        .ToString().ToLowerInvariant(),
                    ["corrected"] = corrects,
                    ["split"] = split,
                    ["seed"] = seedValue,
                    ["model"] = opened.Given,
                    ["graph"] = knowledge.Path,
                    ["seconds"] = seconds,
                }.ToJsonString(Json.Options) + "\n");
            if (parse.GetValue(answers) is { } answersPath)
                AtomicFile.WriteAllText(answersPath, AnswersTable.Write(results.SelectMany(list => list)));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The accuracies as a table.</summary>
    internal static void Print(Terminal terminal, IEnumerable<QuestionAccuracy> accuracies, string split, int shots, bool withDescriptions)
    {
        var table = new ResultTable(
            $"{split} split, {shots} examples, {(withDescriptions ? "with" : "without")} descriptions: shares of right answers",
            ["task", "exact", "normalised", "linked", "sense", "constrained", "filtered", "questions"]);
        foreach (var item in accuracies)
            table.Add(
                Name(item.Kind), $"{item.Exact:F3}", $"{item.Normalised:F3}",
                $"{item.Linked:F3}", $"{item.Sense:F3}", $"{item.Constrained:F3}",
                $"{item.Filtered:F3}", $"{item.Questions:N0}");
        terminal.Print(table);
    }

    internal static string Name(QuestionKind kind) => kind.ToString().ToLowerInvariant();

    private static string Describe(KnowledgeGraph graph, Question example) =>
        $"{graph.Entities[example.Row.Head].Name}, {graph.DirectedRelationText(example.Row.DirectedRelation)}, "
            + $"{graph.Entities[example.Row.Tail].Name}: {example.Gold}";

    private static QuestionKind[] ParseTasks(System.CommandLine.Parsing.ArgumentResult result)
    {
        var words = result.Tokens[0].Value.Split(',');
        var kinds = words.Select(word => Array.FindIndex(All, kind => Name(kind) == word)).ToArray();
        if (kinds.All(index => index >= 0) && kinds.Distinct().Count() == kinds.Length)
            return [.. kinds.Select(index => All[index])];
        result.AddError(
            $"--tasks: found '{result.Tokens[0].Value}'; expected some of head,tail,relation,classification, with commas between");
        return [];
    }
}
