using System.Text.RegularExpressions;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

/// <summary>What a person at a real terminal sees.</summary>
public sealed partial class TerminalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = FamilyGraph.Make();

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(200)]
    public async Task Progress_leaves_nothing_behind(int width)
    {
        TerminalSession.Require();
        var model = Tests.TinyModel.Make(folder, graph.Load());
        string[] arguments = ["align", "--model", model, "--graph", graph.Path, "--steps", "12", "--threads", "1", "--out"];
        var plain = CommandLine.Run([.. arguments, folder.File("runs")]).IsSuccess();
        await using var session = await TerminalSession.Start(folder, width, "", [.. arguments, folder.File("seen")]);
        var (code, lines) = await session.Ends();

        Assert.Equal(0, code);
        Assert.Contains("━", session.Raw, StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        // Every word of the notes and results, and not a sign more; the figures of speed and time differ, and tables break lines.
        var expected = plain.Error.Split('\n').Where(line => !line.StartsWith("step ", StringComparison.Ordinal));
        var begun = $"dotnet {CommandLine.Program}";
        Assert.Equal(
            Sorted(string.Join('\n', [.. expected, plain.Output]).Replace("/runs", "/seen", StringComparison.Ordinal)),
            Sorted(string.Join('\n', (await session.Ends(joined: true)).Lines).Replace(begun, "kalm", StringComparison.Ordinal)));
        Assert.True(await session.ShowsCursor());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1", false)]
    public async Task Colours_are_off_where_they_are_not_wanted(string environment, bool expected)
    {
        TerminalSession.Require();
        await using var session = await TerminalSession.Start(
            folder, 100, environment, "pretrain", "--graph", graph.Path, "--steps", "3", "--threads", "1", "--out", folder.File("model"));
        Assert.Equal(0, (await session.Ends()).Code);
        Assert.Contains("━", session.Raw, StringComparison.Ordinal);
        Assert.Equal(expected, Colour().IsMatch(session.Raw));
    }

    [Theory]
    [InlineData("pretrain --graph GRAPH --minutes 5 --out new", "training", "the same command with --resume goes on from there")]
    [InlineData("align --model MODEL --graph GRAPH --minutes 5 --out run", "training", "the same command with --resume goes on from it")]
    [InlineData("embed --model MODEL --graph LARGE --out vectors", "encoding", "in vectors.part; the same command goes on with them")]
    [InlineData("evaluate completion --model MODEL --graph LARGE --split test", "encoding", "--vectors DIR it goes on where it stopped")]
    [InlineData("evaluate completion --model MODEL --graph LARGE --vectors kept", "encoding", "in kept; the same command goes on")]
    [InlineData("ablate --model MODEL --graph GRAPH --minutes 5 --out parts", "training", "the same command with --resume goes on")]
    [InlineData("demo --out show", "training", "the same command with --resume goes on from what is done")]
    public async Task Whoever_stops_the_work_is_told_how_to_go_on(string line, string stage, string told)
    {
        TerminalSession.Require();
        var model = Tests.TinyModel.Make(folder, graph.Load());
        using var large = EmbedInterruptionTests.LargeGraph();
        string[] words = line.Split(' ').Select(word => word switch
        {
            "MODEL" => model, "GRAPH" => graph.Path, "LARGE" => large.Path, _ => word,
        }).Append("--threads").Append("1").ToArray();
        await using var session = await TerminalSession.Start(folder, 120, "", words);
        await session.Sees(stage);
        // Past the first report, so that there is something to keep; of vectors a portion.
        await session.Sees(" left");
        while (line.StartsWith("embed", StringComparison.Ordinal)
            && !Directory.GetFiles(folder.Path, "rows.f32", SearchOption.AllDirectories).Any(file => new FileInfo(file).Length > 0))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        await session.Keys("C-c");
        var (code, lines) = await session.Ends();
        Assert.Equal(130, code);
        var said = string.Join(' ', lines.Select(seen => seen.TrimEnd()));
        Assert.Contains("interrupted: ", said, StringComparison.Ordinal);
        Assert.Contains(Words(told), Words(said), StringComparison.Ordinal);
        Assert.DoesNotContain("━", said, StringComparison.Ordinal);
        Assert.True(await session.ShowsCursor());
    }

    [Fact]
    public async Task A_server_that_is_stopped_ends_well()
    {
        TerminalSession.Require();
        var model = Tests.TinyModel.Make(folder, graph.Load());
        await using var session = await TerminalSession.Start(
            folder, 120, "", "serve", "--model", model, "--graph", graph.Path, "--port", "0");
        await session.Sees("Listening");
        await session.Keys("C-c");
        Assert.Equal(0, (await session.Ends()).Code);
    }

    [Theory]
    [InlineData("kalm")]
    [InlineData("a place/my kalm")]
    [InlineData("it's $5")]
    public async Task The_command_that_is_next_works_as_it_is_printed(string place)
    {
        Directory.CreateDirectory(folder.File(place));
        var here = Path.Combine(folder.File(place), "graph");
        Directory.CreateDirectory(here);
        foreach (var file in Directory.GetFiles(graph.Path))
            File.Copy(file, Path.Combine(here, Path.GetFileName(file)));
        var model = Tests.TinyModel.Make(folder, graph.Load());
        var run = Path.Combine(folder.File(place), "run");
        var aligned = CommandLine.Run(
            "align", "--quiet", "--model", model, "--graph", here, "--split", "none", "--steps", "1", "--threads", "1", "--out", run);
        var next = aligned.IsSuccess().Output.TrimEnd().Split('\n')[^1];
        Assert.StartsWith("next: kalm ", next, StringComparison.Ordinal);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell");
        // What a shell makes of it.
        var start = new System.Diagnostics.ProcessStartInfo(
            "sh", ["-c", $"kalm() {{ printf '%s\\n' \"$@\"; }}; {next["next: ".Length..]}"]);
        var words = (await CommandLine.RunToEnd(start, TimeSpan.FromSeconds(30))).IsSuccess().Output.TrimEnd().Split('\n');
        Assert.Contains("MRR", CommandLine.Run([.. words, "--quiet", "--threads", "1"]).IsSuccess().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "/usr/bin/dotnet", "/opt/k/Kalm.Cli.dll", "dotnet /opt/k/Kalm.Cli.dll")]
    [InlineData(null, "/home/a/.dotnet/tools/kalm", "/x/Kalm.Cli.dll", "kalm")]
    [InlineData(null, "/opt/my kalm/Kalm.Cli", "/opt/my kalm/Kalm.Cli.dll", "\"/opt/my kalm/Kalm.Cli\"")]
    [InlineData("./kalm", "/usr/bin/dotnet", "/x/Kalm.Cli.dll", "./kalm")]
    public void The_command_begins_as_the_user_began_it(string? told, string process, string program, string expected) =>
        Assert.Equal(expected, Kalm.Cli.Terminal.CommandOf(told, process, program));

    private static string[] Sorted(string text) =>
    [
        .. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => Figure().Replace(word, "#"))
            .Order(StringComparer.Ordinal),
    ];

    // Without spaces and digits, so that it does not matter where lines are broken.
    private static string Words(string text) => Figure().Replace(Space().Replace(text, ""), "#");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"[\d.,]+")]
    private static partial Regex Figure();

    [GeneratedRegex(@"\e\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m")]
    private static partial Regex Colour();
}
