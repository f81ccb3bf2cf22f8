using System.CommandLine;
using System.Diagnostics;
using Kalm.Evaluation;
using Kalm.Files;

namespace Kalm.Cli.Verbs;

/// <summary><c>evaluate text</c>: the perplexity of a plain text.</summary>
internal static class EvaluateTextVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var text = Options.Text("--text", "FILE", "a plain text file in UTF-8, read as one sequence", required: true);
        var window = Options.Whole("--window", "tokens seen at a time [default: the model's context, at most 2,048]", 2);
        var stride = Options.Whole(
            "--stride", "tokens from one window to the next; the smaller, the more context each token has [default: half the window]");
        var json = Options.JsonFile();
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("text", "The perplexity of a plain text, read through a sliding window.")
        {
            text, window, stride, json, threads, device, quiet,
        };
        model.AddTo(command);
        command.SetAction(parse =>
        {
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            VerbInputs.Writable("--json", parse.GetValue(json));
            var path = parse.GetRequiredValue(text);
            var content = PlainTexts.Read("--text", path);
            if (content.Length == 0)
                throw new KalmException($"--text {path}: found an empty file; expected a text of at least two tokens");
            var (measured, seconds) = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                using var loaded = VerbInputs.Load(opened, parse.GetRequiredValue(device), parse.GetValue(threads), progress);
                var clock = Stopwatch.StartNew();
                return (TextPerplexity.Measure(loaded, content, parse.GetValue(window),
                    parse.GetValue(stride), progress, terminal.Cancellation), clock.Elapsed.TotalSeconds);
            });
            Print(terminal, path, measured);
            if (parse.GetValue(json) is { } jsonPath)
            {
                var report = measured.ToJson();
                report["model"] = opened.Given;
                report["text"] = path;
                report["seconds"] = seconds;
                AtomicFile.WriteAllText(jsonPath, report.ToJsonString(Json.Options) + "\n");
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, string path, TextPerplexity measured) => terminal.Print(ResultTable.OfFacts(
        null,
        ("text", path),
        ("tokens", $"{measured.Tokens:N0}"),
        ("predicted", $"{measured.Predicted:N0}"),
        ("window, stride", $"{measured.Window:N0}, {measured.Stride:N0}"),
        ("nats a token", $"{measured.NegativeLogLikelihood / measured.Predicted:F4}"),
        ("perplexity", $"{measured.Perplexity:N2}")));
}
