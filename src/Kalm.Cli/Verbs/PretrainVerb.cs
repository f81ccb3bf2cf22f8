using System.CommandLine;
using System.Diagnostics;
using Kalm.Distributed;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Sources.Config;

namespace Kalm.Cli.Verbs;

/// <summary><c>pretrain</c>: makes a base model.</summary>
internal static class PretrainVerb
{
    private const int SmallestVocabulary = 257;
    private const string KeptSuffix = ".part";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var text = new Option<string[]>("--text")
        {
            HelpName = "FILE...", Description = "plain text files in UTF-8; blank lines set texts apart",
            AllowMultipleArgumentsPerToken = true, Arity = ArgumentArity.OneOrMore,
        };
        var graph = Options.Text("--graph", "GRAPH", "take the texts of a graph's entities and relations, never its triples");
        var output = Options.Text("--out", "MODEL", "the folder to write: absent or empty", required: true);
        var preset = Options.Choice(
            "--preset", "the size of the model", ModelPreset.All[0].Name, [.. ModelPreset.All.Select(size => size.Name)]);
        var steps = Options.Whole("--steps", $"training steps [default: {Pretrainer.DefaultSteps}]");
        var minutes = Options.Positive("--minutes", "the wall time of it all instead, from the texts to the written model", "M");
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var vocabulary = Options.Whole("--vocabulary", "tokens [default: by the preset]", SmallestVocabulary);
        var context = Options.Whole("--context", "positions [default: by the preset]", 2);
        var holdOut = Options.Positive(
            "--hold-out", "leave this share of the texts out and write them beside the model, to measure it on", "SHARE");
        var threads = Options.Threads();
        var saveEvery = Options.Whole(
            "--save-every", "keep the steps done every so many steps [default: once a minute]", placeholder: "STEPS");
        var resume = new Option<bool>("--resume")
        {
            Description = "go on with the same command's stopped work, which lies in MODEL.part until the model is written",
        };
        var quiet = Options.Quiet();
        var command = new Command("pretrain", "Makes a base model from plain text, from a graph's entity and relation texts, or from both.")
        {
            text, graph, output, preset, steps, minutes, seed, vocabulary, context, holdOut, threads, saveEvery,
            resume, quiet,
        };
        source.AddTo(command);
        command.SetAction(parse =>
        {
            var isQuiet = parse.GetValue(quiet);
            VerbInputs.AtMostOne(("--steps", parse.GetValue(steps) is not null), ("--minutes", parse.GetValue(minutes) is not null));
            if (parse.GetValue(graph) is null && source.OptionsOf(parse) is not null)
                throw new KalmException("options of a graph: found without --graph; expected --graph GRAPH with them");
            var path = parse.GetRequiredValue(output);
            if (terminal.Ranks.IsFirst())
                VerbInputs.Free("--out", path);
            var kept = Path.TrimEndingDirectorySeparator(path) + KeptSuffix;
            var size = ModelPreset.Find(parse.GetRequiredValue(preset));
            var options = new PretrainingOptions
            {
                Preset = size with
                {
                    Vocabulary = parse.GetValue(vocabulary) ?? size.Vocabulary, Context = parse.GetValue(context) ?? size.Context,
                },
                Steps = parse.GetValue(steps),
                Minutes = parse.GetValue(minutes),
                Seed = parse.GetValue(seed) ?? 1,
                Threads = parse.GetValue(threads),
                SaveEvery = parse.GetValue(saveEvery),
                ProductPrecision = ProductPrecision.Bf16,
            };
            var share = parse.GetValue(holdOut) ?? 0;
            if (share >= 1)
                throw new KalmException($"--hold-out: found {share}; expected a share below 1");
            var clock = Stopwatch.StartNew();
            var loss = terminal.Watch(isQuiet, progress =>
            {
                if (parse.GetResult(text) is null && parse.GetValue(graph) is null)
                    throw new KalmException("--text, --graph: missing; expected --text FILE..., --graph GRAPH or both");
                var (plain, heldText) = HeldOutTexts.Divide(
                    parse.GetResult(text) is not null ? PlainTexts.OfFiles(parse.GetRequiredValue(text)) : [], share, options.Seed);
                var (described, heldDescriptions) = HeldOutTexts.Divide(
                    parse.GetValue(graph) is { } given ? PlainTexts.OfGraph(source.Load(parse, VerbInputs.Graph(given))) : [],
                    share, options.Seed);
                if (options is { Steps: null, Minutes: null })
                    progress.Report(
                        new ProgressNote($"no budget given: {Pretrainer.DefaultSteps:N0} steps; --steps or --minutes set another"));
                try
                {
                    var final = Pretrainer.Run(
                        [.. plain, .. described], path, options, progress, kept, parse.GetValue(resume), terminal.Ranks,
                        terminal.Cancellation);
                    if (terminal.Ranks.IsFirst())
                        new HeldOutTexts(heldText, heldDescriptions).Write(path);
                    return final;
                }
                catch (OperationCanceledException) when (Directory.Exists(kept))
                {
                    terminal.HowToGoOn = $"{kept} holds the steps done; the same command with --resume goes on from there";
                    throw;
                }
            });
            if (terminal.Ranks.IsFirst())
                Print(terminal, path, loss, clock.Elapsed);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, string path, double loss, TimeSpan elapsed)
    {
        var config = ModelConfig.Load(path);
        var (all, body) = CausalModel.CountParameters(config);
        terminal.Print(ResultTable.OfFacts(
            null,
            ("model", path),
            ("parameters", $"{all:N0}"),
            ("without embeddings", $"{body:N0}"),
            ("vocabulary", $"{config.VocabularySize:N0}"),
            ("final loss", $"{loss:F3} nats a token"),
            ("final perplexity", $"{Math.Exp(loss):N1}"),
            ("seconds", $"{elapsed.TotalSeconds:F1}")));
    }
}
