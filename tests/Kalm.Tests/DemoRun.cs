using System.Text.Json.Nodes;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>What <c>kalm demo</c> makes, whole: made once, by the first test that asks for it; or, where <c>KALM_DEMO</c> names such a
/// folder, that one, with its figures in the file of the same name and <c>.json</c>.</summary>
/// <param name="Path">The folder that the demonstration calls <c>kalm-demo</c>.</param>
/// <param name="Figures">What <c>--json</c> wrote.</param>
internal sealed record DemoRun(string Path, JsonNode Figures)
{
    private static readonly Lazy<Task<DemoRun>> Once = new(Make);

    /// <summary>The one.</summary>
    public static Task<DemoRun> Made => Once.Value;

    /// <summary>The aligned run in it.</summary>
    public string Run => System.IO.Path.Combine(Path, "run");

    private static async Task<DemoRun> Make()
    {
        if (Environment.GetEnvironmentVariable("KALM_DEMO") is { Length: > 0 } before)
            return new DemoRun(before, JsonNode.Parse(await File.ReadAllTextAsync(before + ".json"))!);
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        var (path, figures) = (folder.File("kalm-demo"), folder.File("demo.json"));
        (await CommandLine.RunProcess(CommandLine.Program, null, "demo", "--out", path, "--json", figures)).IsSuccess();
        return new DemoRun(path, JsonNode.Parse(await File.ReadAllTextAsync(figures))!);
    }
}
