using System.CommandLine;
using System.Text.Json;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Graph.Checks;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>graph inspect</c>: what there is to know about a graph before anything is trained on it.</summary>
internal static class GraphInspectVerb
{
    private const int ExamplesShown = 3;
    private const int KindsShown = 8;
    private const int KindsOfSide = 2;
    private const int RelationsShown = 50;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var graph = new Argument<string>("GRAPH") { Description = "a folder, file or archive, whose format is detected" };
        var model = Options.Text("--model", "MODEL", "count the tokens of texts as this model does");
        var seed = Options.Seed();
        var source = new GraphSource(seed, null);
        var json = Options.JsonFile();
        var command = new Command("inspect", "Counts, findings and the exact strings that a model will see.") { graph, model, seed, json };
        source.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Writable("--json", parse.GetValue(json));
            var limit = parse.GetValue(model) is { } name ? TokenLimit(name, terminal) : null;
            var knowledge = source.Load(parse, VerbInputs.Graph(parse.GetRequiredValue(graph), "GRAPH"));
            var summary = GraphSummary.Of(knowledge);
            var findings = GraphDoctor.Examine(knowledge, limit);
            var examples = Examples(knowledge);
            terminal.Cancellation.ThrowIfCancellationRequested();
            PrintCounts(terminal, knowledge, summary);
            PrintReading(terminal, knowledge);
            PrintFindings(terminal, findings);
            PrintRelations(terminal, summary);
            terminal.Print(knowledge.Warnings.Count == 0 ? "no warnings" : $"warnings: {knowledge.Warnings.Count}");
            foreach (var warning in knowledge.Warnings)
                terminal.Print($"  {warning}");
            terminal.Print("");
            foreach (var example in examples)
                terminal.Print(ResultTable.OfFacts(
                    $"what a model sees of {example.Triple}",
                    ("entity view", example.EntityView), ("query view", example.QueryView),
                    ("prompt", example.Prompt), ("response", example.Response)));
            if (parse.GetValue(json) is { } path)
                AtomicFile.WriteAllText(path, JsonSerializer.Serialize(
                    new
                    {
                        graph = knowledge.Path, format = knowledge.Format, reading = knowledge.Reading, summary, findings,
                        warnings = knowledge.Warnings, examples,
                    },
                    Json.Options) + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    private static void PrintCounts(Terminal terminal, KnowledgeGraph graph, GraphSummary summary)
    {
        terminal.Print(ResultTable.OfFacts(
            graph.Path,
            ("layout", graph.Format),
            ("entities", $"{summary.Entities:N0}"),
            ("relations", $"{summary.Relations.Count:N0}"),
            ("types", Kinds(graph)),
            ("attributes", $"{graph.Entities.Sum(entity => entity.Attributes.Count):N0} of entities; facts with some: "
                + $"{graph.FactAttributes.Count:N0}"),
            ("entities that share their name", $"{summary.EntitiesSharingAName:N0}"),
            ("entities that share their description", $"{summary.EntitiesSharingADescription:N0}"),
            ("words of a description", $"{summary.AverageDescriptionWords:F1} on average, {summary.MaximumDescriptionWords:N0} at most")));
        var splits = new ResultTable("splits", ["", "train", "valid", "test"]);
        Add("triples", summary.Triples);
        Add("repeated lines, left out", summary.RepeatedTriples);
        Add("triples that train holds too", summary.TriplesAlsoInTrain);
        Add("entities that train has not", summary.UnseenEntities);
        Add("triples with such an entity", summary.TriplesWithUnseenEntity);
        Add("leaked queries, of two a triple", summary.LeakedQueries);
        terminal.Print(splits);

        void Add(string name, SplitCounts counts) => splits.Add(name, $"{counts.Train:N0}", $"{counts.Valid:N0}", $"{counts.Test:N0}");
    }

    private static void PrintReading(Terminal terminal, KnowledgeGraph graph)
    {
        if (graph.Reading.Columns.Count > 0)
        {
            var columns = new ResultTable("how the files were understood", ["file", "column", "taken for"], numbers: 0);
            foreach (var use in graph.Reading.Columns)
                columns.Add(use.File, use.Column, use.TakenFor);
            terminal.Print(columns);
        }
        if (graph.Reading.Unread.Count > 0)
        {
            var unread = new ResultTable("not read", ["file", "why"], numbers: 0);
            foreach (var file in graph.Reading.Unread)
                unread.Add(file.File, file.Why);
            terminal.Print(unread);
        }
        foreach (var skipped in graph.Reading.Skipped)
            terminal.Print($"passed over: {skipped}");
        terminal.Print("facts, such as");
        foreach (var triple in Shown(graph))
            terminal.Print($"  {InWords(graph, triple)}");
        terminal.Print("");
    }

    private static string InWords(KnowledgeGraph graph, Triple triple)
    {
        var attributes = string.Join(", ", graph.FactAttributes.Of(triple).Select(item => $"{item.Name}: {item.Value}"));
        return $"{graph.Entities[triple.Head].Name} | {graph.Relations[triple.Relation].Text} | {graph.Entities[triple.Tail].Name}"
            + (attributes.Length > 0 ? $"  ({attributes})" : "");
    }

    private static IEnumerable<Triple> Shown(KnowledgeGraph graph) =>
        graph.Train.DistinctBy(triple => triple.Relation).Concat(graph.Train).Distinct().Take(ExamplesShown);

    private static void PrintFindings(Terminal terminal, IReadOnlyList<GraphFinding> findings)
    {
        if (findings.Count == 0)
        {
            terminal.Print("findings: none\n");
            return;
        }
        var table = new ResultTable("findings", ["finding", "count", "severity", "what it means, and examples"], numbers: 1);
        foreach (var finding in findings)
            table.Add(finding.Name, $"{finding.Count:N0}", finding.Severity.ToString().ToLowerInvariant(),
                string.Join("\n  ", [finding.Explanation, .. finding.Examples]));
        terminal.Print(table);
    }

    private static string Kinds(KnowledgeGraph graph)
    {
        var kinds = graph.Entities.SelectMany(entity => entity.Types).CountBy(type => type).OrderByDescending(kind => kind.Value).ToList();
        var shown = string.Join(", ", kinds.Take(KindsShown).Select(kind => $"{kind.Key} ({kind.Value:N0})"));
        return kinds.Count == 0 ? "-" : kinds.Count > KindsShown ? $"{shown}, {kinds.Count - KindsShown:N0} more" : shown;
    }

    private static TextLimit TokenLimit(string name, Terminal terminal)
    {
        using var model = ModelChoice.Open("--model", name, new ModelSourceOptions(), terminal, quiet: false);
        var tokenizer = model.Source.ReadTokenizer();
        return new TextLimit(model.Settings.Wording.MaximumTextTokens, "tokens", text => tokenizer.Encode(text).Length);
    }

    private static void PrintRelations(Terminal terminal, GraphSummary summary)
    {
        var relations = new ResultTable("relations", ["relation", "train", "valid", "test", "text", "inverse text"], numbers: 3);
        var patterns = new ResultTable("what train's facts of a relation are like",
            ["relation", "heads-tails", "tails a head", "heads a tail", "mutual", "heads are", "tails are"], numbers: 0);
        // A long list is cut, the frequent ones first; a short one stays in its order.
        IReadOnlyList<(RelationSummary Summary, RelationPattern Pattern)> all = [.. summary.Relations.Zip(summary.Patterns)];
        var shown = all.Count <= RelationsShown ? all
            : [.. all.OrderByDescending(item => item.Summary.Triples.Train).Take(RelationsShown)];
        foreach (var ((relation, triples), pattern) in shown)
        {
            relations.Add(
                relation.Id, $"{triples.Train:N0}", $"{triples.Valid:N0}", $"{triples.Test:N0}",
                relation.Text, relation.IsSymmetric ? "(symmetric)" : relation.InverseText);
            patterns.Add(
                relation.Id, pattern.Cardinality, $"{pattern.TailsPerHead:F2}", $"{pattern.HeadsPerTail:F2}",
                $"{pattern.Symmetry:P0}", Kinds(pattern.Heads), Kinds(pattern.Tails));
        }
        terminal.Print(relations);
        terminal.Print(patterns);
        if (shown.Count < summary.Relations.Count)
            terminal.Print($"{all.Count - shown.Count:N0} more relations, of at most {shown[^1].Summary.Triples.Train:N0} train triples: "
                + "--json FILE lists all\n");
    }

    private static string Kinds(IReadOnlyList<KindShare> kinds) =>
        kinds.Count == 0 ? "-" : string.Join(", ", kinds.Take(KindsOfSide).Select(kind => $"{kind.Kind} {kind.Share:P0}"));

    /// <summary>The first train triple of each of the first few relations.</summary>
    private static List<Example> Examples(KnowledgeGraph graph) =>
        [.. graph.Train.DistinctBy(triple => triple.Relation).Take(ExamplesShown).Select(triple => Show(graph, triple))];

    private static Example Show(KnowledgeGraph graph, Triple triple)
    {
        var (head, relation, tail) = (graph.Entities[triple.Head], graph.Relations[triple.Relation], graph.Entities[triple.Tail]);
        var (entityView, queryView, prompt, response) = Wording.InWords(head.Description, relation.Text, Wording.Answer(tail));
        return new Example($"({head.Id}, {relation.Id}, {tail.Id})", entityView, queryView, prompt, response);
    }

    /// <summary>The strings of one triple, read forward.</summary>
    private sealed record Example(string Triple, string EntityView, string QueryView, string Prompt, string Response);
}
