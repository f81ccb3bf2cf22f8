using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

/// <summary>The program as a process of its own.</summary>
public class ProcessTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Fact]
    public async Task Without_the_native_library_help_works_and_a_verb_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        var built = Path.GetDirectoryName(CommandLine.Program)!;
        foreach (var file in Directory.GetFiles(built, "*.dll").Append(Path.Combine(built, "Kalm.Cli.runtimeconfig.json")))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        var program = folder.File("Kalm.Cli.dll");
        foreach (var help in new[] { "--help", "--version", "align --help" })
            (await CommandLine.RunProcess(program, null, help.Split(' '))).IsSuccess();
        (await CommandLine.RunProcess(program, null, "graph", "inspect", tiny.Graph)).IsSuccess();
        if (OperatingSystem.IsLinux())
            (await CommandLine.RunProcess(
                program, null, "embed", "--quiet", "--model", tiny.Model, "--graph", tiny.Graph, "--out", folder.File("vectors")))
                .IsFault("native library");
        Assert.False(Directory.Exists(folder.File("vectors")));
    }

    [Fact]
    public async Task A_signal_ends_training_after_its_step_and_leaves_a_checkpoint()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        var run = tiny.File("stopped");
        var result = await CommandLine.RunProcess(
            CommandLine.Program,
            async process =>
            {
                var metrics = Path.Combine(run, "metrics.jsonl");
                while (!process.HasExited && !(File.Exists(metrics) && new FileInfo(metrics).Length > 0))
                    await Task.Delay(50, TestContext.Current.CancellationToken);
                using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
                await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
            },
            "align", "--model", tiny.Model, "--graph", tiny.Graph, "--out", run, "--minutes", "5", "--batch", "2", "--threads", "1");
        Assert.True(result.ExitCode == 130, $"exit code {result.ExitCode}\n{result.Error}");
        Assert.Contains("interrupted", result.Error, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
        Assert.Equal("interrupted", (string?)JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(run, "run.json"), TestContext.Current.CancellationToken))!["status"]);
    }
}
