using System.CommandLine;
using Kalm.Cli.Progress;
using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
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
        var target = new EmbedTarget();
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command(
            "embed", "Writes the vectors of a graph's entities, and of the queries of a split, to files or into a database.")
        {
            graph, seed, threads, device, quiet,
        };
        target.AddTo(command);
        source.AddTo(command);
        model.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Model(model.NameOf(parse)!);
            source.Check(parse);
            var choice = target.Of(parse);
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            choice.Table?.Check(opened.Source.Config.HiddenSize);
            var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
            var triples = target.Queries(parse) is { } split ? Splits.NotEmpty(knowledge, "--queries", split) : null;
            // Better told now than after hours that the folder cannot be made.
            if (choice.Folder is not null && terminal.Ranks.IsFirst())
                new StagedFolder(choice.Folder).Dispose();
            var export = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                foreach (var warning in knowledge.Warnings)
                    progress.Note(warning);
                var key = VectorKey.Of(opened, knowledge);
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var texts = new TextIndex(knowledge, loaded.Wording);
                if (!terminal.Ranks.IsFirst())
                {
                    EmbeddingStore.EncodeShare(loaded.Decoder, knowledge, texts, triples, terminal.Ranks, terminal.Cancellation);
                    return null;
                }
                using var store = EmbeddingStore.Open(
                    choice.Part, key, loaded.Model.Config.HiddenSize, knowledge, texts, triples,
                    why => progress.Note($"starts anew: {why}"));
                if (store.Done > 0)
                    progress.Note($"goes on at {store.Done:N0} of {store.Count:N0} texts, kept in {choice.Part}");
                return Run(store, choice, loaded, progress, terminal);
            });
            if (export is null)
                return ExitCode.Success;
            terminal.Print(ResultTable.OfFacts(
                null,
                choice.Table is { } table ? ("table", table.Shown) : ("folder", choice.Folder!),
                ("entities", $"{export.Entities:N0}"),
                ("queries", triples is null ? "-" : $"{export.Queries:N0}"),
                ("width", $"{export.Width:N0}")));
            return ExitCode.Success;
        });
        return command;
    }

    private static EmbeddingExportSize Run(
        EmbeddingStore store, EmbedChoice choice, LoadedModel loaded, ProgressView progress, Terminal terminal)
    {
        try
        {
            store.Encode(loaded.Decoder, progress, terminal.Cancellation, terminal.Ranks);
            var export = Write(store, choice, progress, terminal.Cancellation);
            store.Delete();
            return export;
        }
        catch when (store.Done == 0)
        {
            store.Delete();
            throw;
        }
        catch (OperationCanceledException)
        {
            terminal.HowToGoOn =
                $"{store.Done:N0} of {store.Count:N0} texts are kept in {choice.Part}; the same command goes on with them";
            throw;
        }
    }

    private static EmbeddingExportSize Write(
        EmbeddingStore store, EmbedChoice choice, ProgressView progress, CancellationToken cancellation)
    {
        if (choice.Table is { } table)
            return new EmbeddingExportSize(table.Write(store, progress, cancellation), 0, store.Entities.Width);
        // The store is locked, so whoever staged this folder before is gone.
        StagedFolder.RemoveAbandoned(choice.Folder!);
        using var staged = new StagedFolder(choice.Folder!);
        var export = EmbeddingExport.Write(staged.Path, choice.Format, store, progress, cancellation);
        staged.Commit();
        return export;
    }
}
