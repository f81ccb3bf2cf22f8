using System.Diagnostics;

namespace Kalm.Tests.Cli;

/// <summary>Ends <c>pretrain</c> before its end: by a kill while it writes a checkpoint, and by a signal that it hears.</summary>
public class PretrainInterruptionTests(ITestOutputHelper output)
{
    private const int Ends = 4;

    [Fact]
    public async Task A_pretraining_interrupted_again_and_again_ends_as_if_it_had_never_been()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs kill");
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        string[] arguments =
        [
            "pretrain", "--graph", graph.Path, "--steps", "60", "--vocabulary", "300", "--context", "32", "--threads", "1",
            "--hold-out", "0.1", "--save-every", "1", "--out",
        ];
        CommandLine.Run([.. arguments, folder.File("whole")]).IsSuccess();
        var (target, part) = (folder.File("parts"), folder.File("parts.part"));
        var (ended, inWrite) = (0, 0);
        for (var isDone = false; !isDone;)
        {
            var isKilled = false;
            var result = await CommandLine.RunProcess(CommandLine.Program, async process =>
            {
                if (ended >= Ends)
                    return;
                var first = Newest();
                while (!process.HasExited && Newest() == first)
                    await Task.Delay(2, TestContext.Current.CancellationToken);
                if (ended % 2 == 0)
                {
                    while (!process.HasExited && !IsWriting())
                        await Task.Yield();
                    isKilled = !process.HasExited;
                    process.Kill();
                    inWrite += IsWriting() ? 1 : 0;
                    return;
                }
                isKilled = !process.HasExited;
                await Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExitAsync(TestContext.Current.CancellationToken);
            }, [.. arguments, target, .. Directory.Exists(part) ? new[] { "--resume" } : []]);
            isDone = result.ExitCode == 0;
            output.WriteLine($"{result.ExitCode}: {result.Error.TrimEnd()}");
            if (isDone)
                continue;
            Assert.True(isKilled, result.Error);
            Assert.Equal(ended % 2 == 0 ? 137 : 130, result.ExitCode);
            if (result.ExitCode == 130)
                Assert.Contains(
                    $"{part} holds the steps done; the same command with --resume goes on", result.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(target));
            ended++;
        }
        Assert.True(ended == Ends && inWrite > 0, $"{ended} ends, {inWrite} of them in a write");
        foreach (var file in Directory.GetFiles(folder.File("whole")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(target, Path.GetFileName(file))));
        Assert.Equal(["parts", "whole"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());

        string? Newest() => InCheckpoints("step-*").Max(StringComparer.Ordinal);

        bool IsWriting() => InCheckpoints(".*.partial-*").Length > 0;

        string[] InCheckpoints(string pattern)
        {
            try
            {
                return Directory.GetDirectories(Path.Combine(part, "checkpoints"), pattern);
            }
            catch (IOException)
            {
                return [];
            }
        }
    }
}
