using System.Diagnostics;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

/// <summary>Ends <c>embed</c> before its end: by a signal that it hears, by one that it does not, by a disk that is full.</summary>
public class EmbedInterruptionTests(ITestOutputHelper output)
{
    private const int Ends = 4;

    // Several portions of texts.
    private const int Entities = 12_000;

    /// <summary>A graph of many short texts.</summary>
    internal static SmallGraph LargeGraph() =>
        SmallGraph.KgBert()
            .With("entity2text.txt", string.Concat(Enumerable.Range(0, Entities).Select(index =>
                $"e{index}\tthing {index}, one of the {index % 97} things that are near {index * 7919 % Entities} and far from it\n")))
            .With("relation2text.txt", "near\tis near\n").With("train.tsv", "e0\tnear\te1\n").With("dev.tsv", "e1\tnear\te2\n")
            .With("test.tsv", "e2\tnear\te3\n");

    [Fact]
    public async Task Vectors_interrupted_again_and_again_end_as_if_they_had_never_been()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        using var folder = new TemporaryFolder();
        using var family = FamilyGraph.Make();
        using var graph = LargeGraph();
        var model = Tests.TinyModel.Make(folder, family.Load());
        string[] arguments = ["embed", "--model", model, "--graph", graph.Path, "--queries", "test", "--threads", "1", "--out"];
        (await CommandLine.RunProcess(CommandLine.Program, null, [.. arguments, folder.File("whole")])).IsSuccess();
        var (target, part) = (folder.File("parts"), folder.File("parts.part"));
        var random = new Random(1);
        var (ended, wentOn) = (0, 0);
        for (var isDone = false; !isDone;)
        {
            var isKilled = false;
            var result = await CommandLine.RunProcess(CommandLine.Program, async process =>
            {
                if (ended >= Ends)
                    return;
                // Past the first portion of this life, then anywhere in the next, or in the writing behind the last.
                var first = Manifest();
                while (!process.HasExited && Manifest() == first)
                    await Task.Delay(2, TestContext.Current.CancellationToken);
                if (ended == 0)
                    CommandLine.Run([.. arguments, target]).IsFault(part, "another process");
                await Task.Delay(random.Next(100), TestContext.Current.CancellationToken);
                isKilled = !process.HasExited;
                if (ended % 2 == 0)
                    process.Kill();
                else
                    await Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExitAsync(TestContext.Current.CancellationToken);
            }, [.. arguments, target]);
            isDone = result.ExitCode == 0;
            if (!isDone)
            {
                Assert.True(isKilled, result.Error);
                Assert.Equal(ended % 2 == 0 ? 137 : 130, result.ExitCode);
                if (result.ExitCode == 130)
                    Assert.Contains($"texts are kept in {part}; the same command goes on", result.Error, StringComparison.Ordinal);
                Assert.False(Directory.Exists(target));
                // As if it had been killed while it wrote the last files.
                folder.Write(".parts.partial-1/entities.tsv", "row");
                ended++;
            }
            wentOn += result.Error.Contains("goes on at ", StringComparison.Ordinal) ? 1 : 0;
            output.WriteLine($"{result.ExitCode}: {result.Error.TrimEnd()}");
        }
        Assert.True(ended > 1 && wentOn == ended, $"{ended} ends, went on {wentOn} times");
        foreach (var file in Directory.GetFiles(folder.File("whole")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(target, Path.GetFileName(file))));
        Assert.Equal(4, Directory.GetFiles(target).Length);
        Assert.Equal(["base", "parts", "whole"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());

        string Manifest()
        {
            var file = Path.Combine(part, "entities", "manifest.json");
            try
            {
                return File.ReadAllText(file);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task A_full_disk_is_told_and_with_more_room_it_goes_on()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        var entities = graph.Load().Entities.Count;
        string[] arguments =
        [
            "embed", "--model", Tests.TinyModel.Make(folder, graph.Load()), "--graph", graph.Path, "--threads", "1", "--quiet", "--out",
        ];
        CommandLine.Run([.. arguments, folder.File("whole")]).IsSuccess();
        var vectors = new FileInfo(folder.File("whole/entities.safetensors")).Length;

        // Room for the vectors while they are made, and not for the file.
        (await SmallDisk.Run(folder, vectors * 7 / 4, arguments)).IsFault("No space left", "run");
        var kept = folder.File("disk.kept");
        Assert.Equal(["run.part"], Directory.GetFileSystemEntries(kept).Select(Path.GetFileName));
        var again = CommandLine.Run([.. arguments.Where(word => word != "--quiet"), Path.Combine(kept, "run")]).IsSuccess();
        Assert.Contains($"goes on at {entities} of {entities} texts", again.Error, StringComparison.Ordinal);
        Assert.Equal(["run"], Directory.GetFileSystemEntries(kept).Select(Path.GetFileName));
        Assert.Equal(
            File.ReadAllBytes(folder.File("whole/entities.safetensors")), File.ReadAllBytes(Path.Combine(kept, "run/entities.safetensors")));
    }
}
