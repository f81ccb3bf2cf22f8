using Kalm.Alignment;
using Kalm.Alignment.Reranking;
using Kalm.Cli.Progress;
using Kalm.Completion.Reranking;
using Kalm.Graph;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>align --stage rerank</c>: a finished run gets a re-ranker.</summary>
/// <param name="Model">The run.</param>
/// <param name="Recipe">A recipe, of which the section rerank counts; null for the defaults.</param>
/// <param name="Minutes">Wall time of the steps; null where not given.</param>
/// <param name="Steps">Steps; null where not given.</param>
/// <param name="Seed">Null takes the run's.</param>
/// <param name="Threads">Null takes all cores.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Force">Whether a re-ranker that is there is replaced.</param>
internal sealed record RerankStage(
    string Model, string? Recipe, double? Minutes, int? Steps, long? Seed, int? Threads, string Device, bool Force)
{
    /// <summary>The stage's name.</summary>
    public const string Name = "rerank";

    /// <summary>Does it and prints what came of it.</summary>
    /// <param name="terminal">Where results and progress go.</param>
    /// <param name="quiet">Whether progress is not shown.</param>
    /// <param name="stage">What was given.</param>
    /// <param name="load">Reads the graph of a model.</param>
    public static int Run(Terminal terminal, bool quiet, RerankStage stage, Func<OpenedModel, ProgressView, KnowledgeGraph> load)
    {
        VerbInputs.AtMostOne(("--steps", stage.Steps is not null), ("--minutes", stage.Minutes is not null));
        VerbInputs.Model(stage.Model);
        VerbInputs.OfModel("--model", () =>
        {
            SeedFolders.RequireNone(stage.Model);
            return true;
        });
        if (!File.Exists(Path.Combine(stage.Model, ModelSources.RunFile)))
            throw new KalmException($"--model {stage.Model}: found no {ModelSources.RunFile}; expected the folder of a finished run");
        var run = RunFolder.Describe(stage.Model);
        var rerank = Cli.Recipe.Read(stage.Recipe).Rerank;
        if (stage is not { Steps: null, Minutes: null })
            rerank = rerank with { Steps = stage.Steps, Minutes = stage.Minutes };
        var device = VerbInputs.Device(stage.Device);
        var made = terminal.Watch(quiet, progress =>
        {
            var opened = OpenedModel.Open(stage.Model);
            KnowledgeGraph graph;
            try
            {
                graph = load(opened, progress);
            }
            catch
            {
                opened.Dispose();
                throw;
            }
            if (stage.Recipe is not null)
                progress.Note($"{stage.Recipe}: of it the section rerank counts; the rest is taken from the run");
            var options = run.Options with { Seed = stage.Seed ?? run.Options.Seed, Threads = stage.Threads, Rerank = rerank };
            return RerankRun.Execute(
                opened, graph, new RerankInputs(stage.Model, options, stage.Force) { Device = device }, progress, terminal.Cancellation);
        });
        terminal.Print(ResultTable.OfFacts(
            null,
            ("steps", $"{made.Steps:N0}"),
            ("seconds", $"{made.Seconds:F1}"),
            ("validation MRR before", $"{made.Valid.Before:F3} ({made.Valid.Queries:N0} queries)"),
            ("validation MRR re-ranked", $"{made.Valid.After:F3}, each half weighed as the other half chose"),
            ("weights", made.Weights.AreZero() ? "none: nothing was gained, so it is not used"
                : $"verdict {made.Weights.Verdict}, backward {made.Weights.Backward}, mirrored {made.Weights.Mirrored}"),
            ("result", Path.Combine(stage.Model, Reranker.FolderName))));
        terminal.Print($"next: {terminal.Command} evaluate completion --model {GraphSource.Quoted(stage.Model)} --rerank");
        return ExitCode.Success;
    }
}
