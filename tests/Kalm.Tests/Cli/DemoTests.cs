using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Cli;
using Kalm.Cli.Demo;
using Kalm.Cli.Progress;
using Kalm.Cli.Verbs;
using Kalm.Language.Pretraining;

namespace Kalm.Tests.Cli;

/// <summary>The demonstration, with a few steps on a small graph.</summary>
public sealed partial class DemoTests
{
    [Fact]
    public void It_shows_a_table_and_writes_figures_and_a_report_with_its_images()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        var (out1, json) = (folder.File("demo"), folder.File("figures.json"));
        var output = Run(graph.Path, out1, json);
        foreach (var word in new[]
        {
            "base model", "relation-frequency baseline", "aligned model", "Hits@10", "right answer", "verdict", "perplexity", "report.html",
        })
            Assert.Contains(word, output, StringComparison.Ordinal);
        var figures = JsonNode.Parse(File.ReadAllText(json))!;
        foreach (var row in new[] { "base", "relation_frequency", "aligned" })
            Assert.InRange((double)figures[row]!["all"]!["mrr"]!, 0, 1);
        foreach (var row in new[] { "base", "aligned" })
        {
            Assert.True((double)figures[row]!["perplexity"]! > 1);
            foreach (var task in new[] { "head", "tail", "relation", "classification" })
                Assert.InRange((double)figures[row]!["questions"]![task]!["constrained"]!, 0, 1);
        }
        Assert.NotEmpty(figures["completions"]!.AsArray());
        var claims = figures["claims"]!.AsArray();
        Assert.Equal(2, claims.Count);
        Assert.Equal(("true", "test"), ((string?)claims[0]!["verdict"], (string?)claims[0]!["split"]));
        Assert.Equal((string?)claims[0]!["head"], (string?)claims[1]!["tail"]);
        Assert.Null(claims[1]!["split"]);
        Assert.Contains($"{claims[1]!["head"]} · {claims[1]!["relation"]} · {claims[1]!["tail"]}: ", output, StringComparison.Ordinal);
        var report = File.ReadAllText(Path.Combine(out1, "report.html"));
        var images = Png().Matches(report);
        Assert.Equal(5, images.Count);
        Assert.All(images, image => Assert.Equal(0x89, Convert.FromBase64String(image.Groups[1].Value)[0]));
        Assert.DoesNotContain("http", Png().Replace(report, ""), StringComparison.Ordinal);
        foreach (var measure in new[]
        {
            "MRR", "Hits@1, Hits@10", "relation-frequency baseline", "perplexity", "verdict", "language loss",
        })
            Assert.Contains($"<dt>{measure}</dt><dd>", report, StringComparison.Ordinal);
        // An earlier demonstration is replaced, another folder is not.
        Run(graph.Path, out1, null);
        folder.Write("other/mine.txt", "x");
        Assert.Contains(
            "not empty", Assert.Throws<KalmException>(() => Run(graph.Path, folder.File("other"), null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopped_twice_it_goes_on_to_the_same_figures()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        var whole = Demonstration.Run(Settings(graph.Path, folder.File("whole")), new QuietProgress(), TestContext.Current.CancellationToken);
        var settings = Settings(graph.Path, folder.File("parts")) with { Resume = true };
        Assert.Equal(1, Stop("1 of 4").Steps);
        Assert.False(Directory.Exists(folder.File("parts/base")));
        Assert.Contains(Stop("3 of 4").Notes, note => note.StartsWith("resuming after step", StringComparison.Ordinal));
        var weights = File.GetLastWriteTimeUtc(folder.File("parts/base/model.safetensors"));
        var last = new Stopping(null, TestContext.Current.CancellationToken);
        var result = Demonstration.Run(settings, last, last.Token);
        Assert.Contains(last.Notes, note => note.EndsWith("base: made already", StringComparison.Ordinal));
        Assert.Equal(weights, File.GetLastWriteTimeUtc(folder.File("parts/base/model.safetensors")));
        Assert.Equal(whole.Rows, result.Rows);
        Assert.Equal(whole.Words.SelectMany(words => words.Cells), result.Words.SelectMany(words => words.Cells));

        Stopping Stop(string stage)
        {
            var progress = new Stopping(stage, TestContext.Current.CancellationToken);
            Assert.ThrowsAny<OperationCanceledException>(() => Demonstration.Run(settings, progress, progress.Token));
            return progress;
        }
    }

    /// <summary>Stops at the first step of a stage.</summary>
    private sealed class Stopping(string? stage, CancellationToken outer) : ProgressView
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(outer);

        public CancellationToken Token => source.Token;

        public List<string> Notes { get; } = [];

        public int Steps { get; private set; }

        protected override void ShowNote(string text) => Notes.Add(text);

        protected override void ShowStage(ProgressStage stage) { }

        protected override void ShowStep(ProgressStep step)
        {
            if (stage is null || !Notes.Any(note => note.StartsWith(stage, StringComparison.Ordinal)))
                return;
            Steps++;
            source.Cancel();
        }
    }

    internal static string Run(string graph, string output, string? json)
    {
        using var text = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, DemoVerb.Run(
            new Terminal(text, error, TestContext.Current.CancellationToken), Settings(graph, output), json, quiet: true));
        return text.ToString();
    }

    private static DemoSettings Settings(string graph, string output) => new()
    {
        Graph = graph,
        Out = output,
        Pretraining = new PretrainingOptions
        {
            Preset = new ModelPreset("test", 16, 1, 2, 32, 300, 256), Steps = 3, BatchTokens = 256, Threads = 1,
        },
        Alignment = new AlignmentOptions
        {
            Method = AlignmentMethod.Full,
            Threads = 1,
            Budget = new BudgetOptions { Steps = 4, Validations = 2 },
            Batches = new BatchOptions { Triples = 8 },
            Implicit = new ImplicitOptions { Share = 0.5 },
        },
    };

    [GeneratedRegex("data:image/png;base64,([^\"]+)\"")]
    private static partial Regex Png();
}
