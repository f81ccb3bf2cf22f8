using System.CommandLine;
using System.Text.Json;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>graph inspect</c>: what there is to know about a graph before anything is trained on it.</summary>
internal static class GraphInspectVerb
{
    private const int ExamplesShown = 3;

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var graph = new Argument<string>("GRAPH") { Description = "the graph's folder; its layout is detected" };
        var json = Options.JsonFile();
        var command = new Command("inspect", "Counts, doubts and the exact strings that a model will see.") { graph, json };
        command.SetAction(parse =>
        {
            Given.Writable("--json", parse.GetValue(json));
            var knowledge = KnowledgeGraph.Load(Given.Folder("GRAPH", parse.GetRequiredValue(graph), "a folder that holds a graph"));
            var summary = GraphSummary.Of(knowledge);
            var examples = Examples(knowledge);
            terminal.Cancellation.ThrowIfCancellationRequested();
            PrintCounts(terminal, knowledge, summary);
            PrintRelations(terminal, summary);
            terminal.Print(knowledge.Warnings.Count == 0 ? "no warnings" : $"warnings: {knowledge.Warnings.Count}");
            foreach (var warning in knowledge.Warnings)
                terminal.Print($"  {warning}");
            terminal.Print("");
            foreach (var example in examples)
                terminal.Print(ResultTable.OfFacts(
                    $"what a model sees of {example.Triple}",
                    ("entity view", example.EntityView), ("query view", example.QueryView), ("prompt", example.Prompt), ("response", example.Response)));
            if (parse.GetValue(json) is { } path)
                AtomicFile.WriteAllText(path, JsonSerializer.Serialize(
                    new { graph = knowledge.Path, format = knowledge.Format, summary, warnings = knowledge.Warnings, examples }, Json.Options) + "\n");
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

    private static void PrintRelations(Terminal terminal, GraphSummary summary)
    {
        var relations = new ResultTable("relations", ["relation", "train", "valid", "test", "text", "inverse text"], numbers: 3);
        foreach (var (relation, triples) in summary.Relations)
            relations.Add(
                relation.Id, $"{triples.Train:N0}", $"{triples.Valid:N0}", $"{triples.Test:N0}",
                relation.Text, relation.IsSymmetric ? "(symmetric)" : relation.InverseText);
        terminal.Print(relations);
    }

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
