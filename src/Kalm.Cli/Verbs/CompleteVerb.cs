using System.CommandLine;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Engine;
using Kalm.Files;

namespace Kalm.Cli.Verbs;

/// <summary><c>complete</c>: predicts the part of a triple that is missing.</summary>
internal static class CompleteVerb
{
    private const int DefaultTop = 10;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var head = Options.Text("--head", "X", "an entity's id or name, or a text that describes one the graph does not hold");
        var relation = Options.Text("--relation", "R", "a relation's id or text; its inverse text reads it backwards");
        var tail = Options.Text("--tail", "X", "as --head; two of the three are given, the third is predicted");
        var top = Options.Whole("--top", $"how many to show [default: {DefaultTop}; of a batch 1]");
        var rerank = new Option<bool>(
            "--rerank") { Description = "let the run's re-ranker put the best entities into order (align --stage rerank makes it)" };
        var facts = new FactOptions();
        var batch = new CompletionBatchOptions();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var json = Options.JsonFile();
        var index = Options.Text("--index", "DIR", "where the entities' vectors are kept, as serve keeps them [default: index/ in the "
            + "model's folder]");
        var search = Options.Search();
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("complete", "Predicts what is missing of a triple: its tail, its head or its relation.")
        {
            graph, head, relation, tail, top, rerank, seed, json, index, search, threads, device, quiet,
        };
        facts.AddTo(command);
        source.AddTo(command);
        model.AddTo(command);
        batch.AddTo(command);
        command.SetAction(parse =>
        {
            if (batch.IsGiven(parse))
                return batch.Run(parse, terminal, new BatchInputs(
                    model, source, parse.GetValue(index), parse.GetValue(top) ?? 1, parse.GetRequiredValue(device), parse.GetValue(threads),
                    parse.GetValue(quiet), parse.IsApproximate(search), facts,
                    [("--head", parse.GetValue(head) is not null), ("--relation", parse.GetValue(relation) is not null),
                        ("--tail", parse.GetValue(tail) is not null), ("--rerank", parse.GetValue(rerank)),
                        ("--json", parse.GetValue(json) is not null)]));
            var (headWords, relationWords, tailWords) = (parse.GetValue(head), parse.GetValue(relation), parse.GetValue(tail));
            RequireTwo(("--head", headWords), ("--relation", relationWords), ("--tail", tailWords));
            if (relationWords is null && parse.GetValue(rerank))
                throw new KalmException(
                    "--rerank: found with --head and --tail; expected --relation with one of them, because it orders entities");
            source.Check(parse);
            _ = facts.Precision(parse);
            VerbInputs.Writable("--json", parse.GetValue(json));
            using var library = NativeEngine.Prepare();
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            if (parse.GetValue(rerank))
                Reranker.RequireIn(opened);
            var root = parse.GetValue(index) ?? EntityIndex.RootOf(opened);
            var catalog = Catalog.Open(knowledge, root);
            // What every question needs of graph and model is made while the native library loads.
            _ = (knowledge.TrainFacts, knowledge.TextsFingerprint(), opened.Tokenizer);
            var shown = parse.GetValue(top) ?? DefaultTop;
            var completion = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                var asked = new CompletionQuestion(
                    catalog, CompletionQuestion.Find(catalog, "--head", headWords, progress),
                    relationWords is null ? null : VerbInputs.Named("--relation", () => catalog.FindRelation(relationWords)),
                    CompletionQuestion.Find(catalog, "--tail", tailWords, progress));
                if (!opened.IsAligned)
                    progress.Note($"{opened.Given}: not an aligned model; it answers as it is, with the default wording");
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                using var completer = CompletionQuestion.Open(
                    loaded, catalog, root, progress, terminal.Cancellation, parse.IsApproximate(search));
                completer.Precision = facts.Precision(parse);
                var answer = asked.Answer(completer, shown, parse.GetValue(rerank), facts.StrictTypes(parse));
                if (parse.GetValue(rerank) && completer.Reranker.Refusal is { } refusal)
                    progress.Note(refusal);
                return answer;
            });
            terminal.Print(completion.Table());
            if (completion.Stated() is { } stated)
                terminal.Print(stated + "\n");
            if (parse.GetValue(json) is { } jsonPath)
            {
                var report = completion.ToJson();
                report["model"] = opened.Given;
                report["graph"] = knowledge.Path;
                AtomicFile.WriteAllText(jsonPath, report.ToJsonString(Json.Options) + "\n");
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static void RequireTwo(params IReadOnlyList<(string Option, string? Words)> parts)
    {
        var given = parts.Where(part => part.Words is not null).Select(part => part.Option).ToList();
        if (given.Count != 2)
            throw new KalmException($"found {(given.Count == 0 ? "none" : string.Join(", ", given))} of --head, --relation, --tail; "
                + "expected two of them: the third is predicted");
    }
}
