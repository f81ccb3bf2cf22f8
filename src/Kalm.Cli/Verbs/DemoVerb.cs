using System.CommandLine;
using Kalm.Cli.Demo;
using Kalm.Evaluation;
using Kalm.Files;

namespace Kalm.Cli.Verbs;

/// <summary><c>demo</c>: the whole job on the sample graph, in less than three minutes.</summary>
internal static class DemoVerb
{
    private const string DefaultFolder = "kalm-demo";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var output = Options.Text(
            "--out", "FOLDER", $"where models and report go: absent, empty, or an earlier demo's [default: {DefaultFolder}]");
        var model = Options.Text("--model", "MODEL", $"the base model: {ModelChoice.Forms} [default: a small one is made]");
        var recipe = Options.Text(
            "--recipe", "FILE", "a JSON file of options [default: recipes/world-demo.json, with --model recipes/world-smollm2.json]");
        var seed = Options.Seed();
        var json = Options.JsonFile();
        var threads = Options.Threads();
        var resume = new Option<bool>("--resume")
        {
            Description = "go on with what an earlier demo left in --out: a base model, the steps done, a run",
        };
        var quiet = Options.Quiet();
        var command = new Command(
            "demo", "Aligns a model with the sample graph and measures it before and after: a small one that it makes, in under three "
                + "minutes, or a given one.")
        {
            output, model, recipe, seed, json, threads, resume, quiet,
        };
        command.SetAction(parse =>
        {
            var given = parse.GetValue(model);
            if (given is not null)
                VerbInputs.Model(given);
            var settings = DemoSettings.OfSample(
                parse.GetValue(output) ?? DefaultFolder, given, parse.GetValue(recipe), parse.GetValue(seed), parse.GetValue(threads))
                with { Resume = parse.GetValue(resume) };
            return Run(terminal, settings, parse.GetValue(json), parse.GetValue(quiet));
        });
        return command;
    }

    /// <summary>Runs a demonstration, shows it and writes its files.</summary>
    internal static int Run(Terminal terminal, DemoSettings settings, string? jsonPath, bool quiet)
    {
        var folder = new DemoFolder(settings.Out);
        folder.RequireFree();
        VerbInputs.Writable("--json", jsonPath);
        terminal.HowToGoOn = $"{folder.Path}: the same command with --resume goes on from what is done";
        var result = terminal.Watch(quiet, progress => Demonstration.Run(settings, progress, terminal.Cancellation));
        var figures = result.ToJson().ToJsonString(Json.Options) + "\n";
        AtomicFile.WriteAllText(folder.Figures, figures);
        if (jsonPath is not null)
            AtomicFile.WriteAllText(jsonPath, figures);
        AtomicFile.WriteAllText(folder.Report, DemoReport.Html(result, folder));
        Print(terminal, result, folder);
        return ExitCode.Success;
    }

    private static void Print(Terminal terminal, DemoResult result, DemoFolder folder)
    {
        var table = new ResultTable(
            $"test split of {Path.GetFileName(Path.TrimEndingDirectorySeparator(result.Graph))}, filtered; beside it the queries whose "
                + "text does not hold the answer's name",
            ["", "MRR", "Hits@1", "Hits@10", "queries", "not in text: MRR", "Hits@1", "Hits@10", "queries"]);
        foreach (var row in result.Rows)
            table.Add([row.Name, .. Cells(row.All), .. Cells(row.Unheld)]);
        terminal.Print(table);
        var completions = new ResultTable(
            "five test queries, answered by the aligned model among entities of the kind that the relation has there",
            ["query", "first", "second", "third", "right answer", "rank"], numbers: 0);
        foreach (var completion in result.Completions)
            completions.Add(
                [completion.Query, .. completion.Marked.Concat(["", "", ""]).Take(3), completion.Answer, $"{completion.Rank:0.#}"]);
        terminal.Print(completions);
        if (result.Claims.Count > 0)
            terminal.Print("a fact, and the same turned round: kalm verify\n");
        foreach (var line in result.Claims.SelectMany(claim => claim.Lines))
            terminal.Print($"  {line}");
        terminal.Print("");
        var words = new ResultTable(DemoReport.WordsTitle(result), DemoWords.Headings(""));
        foreach (var row in result.Words)
            words.Add([row.Name, .. row.Cells]);
        terminal.Print(words);
        if (result.Run.Kept is { } kept)
            terminal.Print(KeptTable.Of(kept));
        terminal.Print($"report: {folder.Report}  ({result.Seconds:F0} s)");
    }

    private static string[] Cells(CompletionMetrics? metrics) => metrics is null
        ? ["-", "-", "-", "0"]
        : [$"{metrics.MeanReciprocalRank:F3}", $"{metrics.HitsAt1:F3}", $"{metrics.HitsAt10:F3}", $"{metrics.Queries:N0}"];
}
