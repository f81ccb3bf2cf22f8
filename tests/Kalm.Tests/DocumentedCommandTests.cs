using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Kalm.Tests.Cli;
using Kalm.Tests.Distributed;
using Kalm.Tests.Evaluation.Vectors;
using Kalm.Tests.Language.Sources.Hub;
using Kalm.Tests.Server;

namespace Kalm.Tests;

/// <summary>The blocks of commands in the documents run in order, by a shell, in a folder that holds what they name: the demonstration's
/// run, a small graph in WN18RR's place, and steps in the place of minutes.</summary>
public sealed partial class DocumentedCommandTests : IDisposable
{
    private static readonly string Root = LayeringTests.RepositoryRoot();

    // Lines that are not run here: of each kind, where they are run or why they cannot be.
    private static readonly (string Kind, string Why)[] Elsewhere =
    [
        (@"^\./kalm demo$", $"{nameof(DemoRun)} runs it, for all"),
        (@"^\./test\b", "runs this"),
        (@"HuggingFaceTB/|meta-llama/", $"needs the hub; {nameof(HubFetchTests)} read what one serves"),
        (@"^\./kalm ablate|gcide", $"takes hours; {nameof(QuestionVerbTests)} run a small one"),
        (@"--as postgres", $"needs a database; {nameof(PostgresTableTests)}"),
        (@"^docker |systemctl|journalctl|/var/lib|dotnet publish",
            $"needs root or a daemon; {nameof(DeploymentTests)}, {nameof(PackagingTests)}"),
        (@"^dotnet run samples/world", nameof(SampleWorldTests)),
        (@"^dotnet run samples/", nameof(SampleTests)),
        (@"tests/clients", nameof(ClientTests)),
        (@"^apt-get |^mpirun |^sbatch |^kubectl |^bash bench/mpi",
            $"needs Open MPI, root or a cluster; {nameof(SharedAlignmentTests)}, {nameof(DeploymentTests)}"),
    ];

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> WithCommands =>
        [.. Documents.All.Where(document => document != "bench/README.md" && Documents.ShellLines(document).Any(IsRunHere))];

    [Theory]
    [MemberData(nameof(WithCommands))]
    public async Task The_blocks_of_a_document_run_in_order(string document)
    {
        var lines = Documents.ShellLines(document).Where(IsRunHere).Select(Shortened).ToList();
        var curl = lines.Exists(line => line.StartsWith("curl ", StringComparison.Ordinal));
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell");
        Assert.SkipWhen(curl && !File.Exists("/usr/bin/curl"), "needs curl");
        await PutWhatIsNamed(document, lines);
        var port = FreePort();
        string[] opening = ["set -euo pipefail", "trap 'echo \"failed: $BASH_COMMAND\" >&2' ERR"];
        var script = string.Join('\n', opening.Concat(lines.Select(Serving)))
            .Replace("localhost:8080", $"127.0.0.1:{port}", StringComparison.Ordinal);
        var ran = await Shell(script);
        Assert.True(ran.ExitCode == 0, $"{document}\n{script}\n{ran.Output}\n{ran.Error}");

        // A server is waited for, and stopped where nothing follows that asks it.
        string Serving(string line) => !line.Contains("kalm serve ", StringComparison.Ordinal) ? line
            : $$"""
            {{line.TrimEnd('&', ' ')}} --urls http://127.0.0.1:{{port}} --index index > serve.log 2>&1 & server=$!
            for second in {1..300}; do curl -fs http://127.0.0.1:{{port}}/health > health.json && break; sleep 1; done
            curl -fsS http://127.0.0.1:{{port}}/health
            {{(curl ? "trap 'kill $server; wait $server' EXIT" : "kill $server; wait $server")}}
            """;
    }

    [Fact]
    public void What_is_left_out_is_shown_somewhere()
    {
        var lines = Documents.All.SelectMany(Documents.ShellLines).ToList();
        Assert.All(Elsewhere, kind => Assert.Contains(lines, line => Regex.IsMatch(line, kind.Kind)));
    }

    [Fact]
    public async Task The_demonstration_gives_the_figures_of_the_readme()
    {
        var figures = (await DemoRun.Made).Figures;
        foreach (var (row, name, tolerance) in new[]
        {
            // Another processor adds in another order, which many steps make larger.
            ("base model", "base", 0.01), ("relation-frequency baseline", "relation_frequency", 0.01), ("aligned model", "aligned", 0.04),
        })
        {
            var shown = Regex.Match(
                Documents.Text("README.md"), $@"^\| {row} \| \**(\.\d+)\** \| (\.\d+) \| (\.\d+) \|", RegexOptions.Multiline).Groups;
            foreach (var (measure, column) in new[] { ("mrr", 1), ("hits@1", 2), ("hits@10", 3) })
                Assert.Equal(
                    double.Parse(shown[column].Value, CultureInfo.InvariantCulture), (double)figures[name]!["all"]![measure]!, tolerance);
        }
    }

    [Theory]
    [InlineData("README.md", "ask ")]
    [InlineData("docs/how-to/ask-one-fact.md", "verify ")]
    [InlineData("docs/how-to/ask-one-fact.md", "complete ")]
    public async Task What_is_shown_is_printed(string document, string verb)
    {
        var command = Documents.Commands(document).First(line => line.StartsWith(verb, StringComparison.Ordinal));
        var run = (await DemoRun.Made).Run;
        var printed = CommandLine.Run([.. Documents.Words(command).Select(word => word switch
        {
            "kalm-demo/run" => run,
            "samples/world" => Path.Combine(Root, word),
            _ => word,
        })]);
        var stable = Stable(printed.IsSuccess().Output);
        Assert.NotEmpty(stable);
        Assert.Contains(Documents.Outputs(document), shown => Stable(shown).SequenceEqual(stable));
    }

    public void Dispose() => folder.Dispose();

    // Without numbers and widths, which a processor's order of addition changes, and without what is ordered by them.
    private static List<string> Stable(string output) =>
    [
        .. output.Split('\n').Select(line => Number().Replace(Spaces().Replace(line, " "), "#").Trim())
            .Where(line => line.Length > 0 && !line.StartsWith("like: ", StringComparison.Ordinal) && line[0] is not ('#' or '─')),
    ];

    private static bool IsRunHere(string line) => !Elsewhere.Any(kind => Regex.IsMatch(line, kind.Kind));

    private static string Shortened(string line)
    {
        line = Budget().Replace(line, "--steps 3");
        if (line.Contains("kalm align ", StringComparison.Ordinal) && !line.Contains("--steps", StringComparison.Ordinal))
            line += " --steps 3";
        if (line.Contains("evaluate questions", StringComparison.Ordinal) && !line.Contains("--limit", StringComparison.Ordinal))
            line += " --limit 5";
        return line.StartsWith("curl ", StringComparison.Ordinal) ? "curl -sS --fail-with-body " + line[5..]
            : line.Contains("kalm mcp ", StringComparison.Ordinal) ? line + " < /dev/null" : line;
    }

    // What a reader has at hand: the repository, the demonstration's run, a graph, files of their own.
    private async Task PutWhatIsNamed(string document, List<string> lines)
    {
        var text = string.Join('\n', lines);
        foreach (var own in new[] { "samples", "recipes", "README.md" })
            File.CreateSymbolicLink(folder.File(own), Path.Combine(Root, own));
        var program = folder.Write("kalm", $"#!/bin/sh\nKALM_COMMAND=./kalm exec dotnet '{CommandLine.Program}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        if (text.Contains("kalm-demo/", StringComparison.Ordinal))
            File.CreateSymbolicLink(folder.File("kalm-demo"), (await DemoRun.Made).Path);
        if (text.Contains("people", StringComparison.Ordinal))
        {
            var people = Enumerable.Range(0, 30).ToList();
            folder.Write("people.csv", string.Concat(people.Select(index => $"person {index},is_friend_of,person {(index + 7) % 30}\n")));
            folder.Write(
                "people.tsv", string.Concat(people.Select(index => $"person {index}\tnumber {index} of the people of a small town\n")));
        }
        var makesRun = text.Contains("--out run", StringComparison.Ordinal);
        if (text.Contains("wn18rr", StringComparison.Ordinal) || (!makesRun && NeedsRun().IsMatch(text)))
        {
            using var graph = FamilyGraph.Make();
            (await Shell($"cp -r '{graph.Path}' wn18rr")).IsSuccess();
        }
        if (!makesRun && NeedsRun().IsMatch(text))
        {
            (await Shell("kalm pretrain --graph wn18rr --steps 3 --out base")).IsSuccess();
            (await Shell("kalm align --model base --graph wn18rr --steps 3 --out run")).IsSuccess();
        }
        if (SmolLm().IsMatch(text) && DataFolder.Find(Path.Combine("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf")) is { } published)
            File.CreateSymbolicLink(folder.File("SmolLM2-135M-Instruct.Q4_1.gguf"), published);
        else
            lines.RemoveAll(SmolLm().IsMatch);
        Assert.SkipWhen(lines.Count == 0, $"{document} needs a published model's file (KALM_DATA)");
    }

    private Task<CommandLine> Shell(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder.Path };
        start.Environment["PATH"] = folder.Path + ":" + start.Environment["PATH"];
        return CommandLine.RunToEnd(start, TimeSpan.FromMinutes(15));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"--(?:minutes|steps) [0-9.]+")]
    private static partial Regex Budget();

    [GeneratedRegex(@"--model run\b|describe run\b")]
    private static partial Regex NeedsRun();

    [GeneratedRegex(@"SmolLM2-135M-Instruct\.Q4_1\.gguf")]
    private static partial Regex SmolLm();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();
}
