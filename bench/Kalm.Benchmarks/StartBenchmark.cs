using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Kalm.Benchmarks;

/// <summary>What a question takes from the command line once its index is there, the start of the program included: this build's program
/// and another's in turns, whose answers must be the same.</summary>
internal static class StartBenchmark
{
    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--graph", "--head", "--relation", "--index", "--rounds", "--kalm", "--before", "--json"];

    public static void Run(Arguments arguments)
    {
        string[] question = ["complete", "--model", arguments.Text("--model"), "--graph", arguments.Text("--graph"),
            "--head", arguments.Text("--head"), "--relation", arguments.Text("--relation"), "--top", "3",
            .. arguments.Find("--index") is { } index ? new[] { "--index", index } : []];
        var program = arguments.Find("--kalm")
            ?? Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Kalm.Cli", "release", "Kalm.Cli.dll"));
        var before = arguments.Find("--before") ?? program;
        // The index is made, and the files come into memory.
        var answer = Ask(program, question).Answer;
        if (Ask(before, question).Answer != answer)
            throw new KalmException($"{before}: found another answer than that of {program}; expected the same");
        var (own, other) = (new List<double>(), new List<double>());
        for (var round = 0; round < arguments.Whole("--rounds", 5); round++)
        {
            own.Add(Ask(program, question).Seconds);
            other.Add(Ask(before, question).Seconds);
            Console.Error.WriteLine($"round {round + 1}: {own[^1]:F3} s, before {other[^1]:F3} s");
        }
        Console.WriteLine($"{own.Median():F3} s, before {other.Median():F3} s, ratio {own.Ratio(other):F2}");
        if (arguments.Find("--json") is { } file)
            File.WriteAllText(file, new JsonObject
            {
                ["seconds"] = own.Median(), ["before"] = other.Median(), ["ratio"] = own.Ratio(other),
            }.ToJsonString(Json.Options));
    }

    private static (string Answer, double Seconds) Ask(string program, string[] question)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in question.Prepend(program))
            start.ArgumentList.Add(word);
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? (answer, clock.Elapsed.TotalSeconds)
            : throw new KalmException($"{program}: ended with {process.ExitCode}: {errors.Result.TrimEnd()}");
    }
}
