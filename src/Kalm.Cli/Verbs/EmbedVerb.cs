using System.CommandLine;
using Kalm.Evaluation;
using Kalm.Files;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>embed</c>: writes the vectors that ranking uses.</summary>
internal static class EmbedVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var graph = Options.Graph(false);
        var output = Options.Text("--out", "DIR", "the folder to write: absent or empty", required: true);
        var queries = Options.Choice("--queries", "also write the queries of a split", "none", "test", "valid");
        queries.DefaultValueFactory = null;
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("embed", "Writes the vectors of a graph's entities, and of the queries of a split.")
        {
            graph, output, queries, seed, threads, device, quiet,
        };
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            Given.Model(model.NameOf(parse)!);
            source.Check(parse);
            var path = parse.GetRequiredValue(output);
            Given.Free("--out", path);
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var triples = parse.GetValue(queries) is { } split ? Splits.NotEmpty(knowledge, "--queries", split) : null;
            using var staged = new StagedFolder(path);
            var export = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                foreach (var warning in knowledge.Warnings)
                    progress.Note(warning);
                using var loaded = Given.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                return EmbeddingExport.Write(
                    staged.Path, loaded.Decoder, knowledge, new TextIndex(knowledge, loaded.Wording),
                    triples, progress, terminal.Cancellation);
            });
            staged.Commit();
            terminal.Print(ResultTable.OfFacts(
                null,
                ("folder", path),
                ("entities", $"{export.Entities:N0}"),
                ("queries", triples is null ? "-" : $"{export.Queries:N0}"),
                ("width", $"{export.Width:N0}")));
            return ExitCode.Success;
        });
        return command;
    }
}
