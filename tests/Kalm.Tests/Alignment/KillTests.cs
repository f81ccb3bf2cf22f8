using System.Security.Cryptography;
using System.Text.Json;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Alignment;

/// <summary>Kills training at random moments. A few kills by default; the full count by
/// <c>KALM_KILLS=60 dotnet run -c Release --project tests/Kalm.Tests -- -class Kalm.Tests.Alignment.KillTests</c>.</summary>
public class KillTests(ITestOutputHelper output)
{
    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("KALM_KILLS"), out var count) ? count : 4;
    private static readonly int StepCount = Math.Max(30, 4 * Kills);

    [Fact]
    public async Task A_run_killed_again_and_again_ends_as_if_it_had_never_been()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        var model = Tests.TinyModel.Make(folder, graph.Load());
        var recipe = folder.Write("recipe.json", """
            {
              "threads": 1, "budget": {"validations": 3, "save_every": 1}, "batches": {"triples": 24}, "optimizer": {"warmup_steps": 3},
              "implicit": {"share": 0.1}
            }
            """);
        string[] arguments =
        [
            "align", "--model", model, "--graph", graph.Path, "--recipe", recipe, "--steps", $"{StepCount}", "--quiet", "--out",
        ];
        CommandLine.Run([.. arguments, folder.File("whole")]).IsSuccess();

        var random = new Random(Kills);
        var run = folder.File("killed");
        var (killed, inWrite, ended) = (0, 0, false);
        while (!ended)
        {
            string[] resume = File.Exists(Path.Combine(run, "run.json")) ? ["--resume"] : [];
            var isKilled = false;
            var result = await CommandLine.RunProcess(CommandLine.Program, async process =>
            {
                if (killed >= Kills)
                    return;
                // Long enough to reach the first step of this life, then anywhere in the next few; every second time only inside a write.
                var first = Steps(run);
                while (!process.HasExited && Steps(run) == first)
                    await Task.Delay(5, TestContext.Current.CancellationToken);
                await Task.Delay(random.Next(40), TestContext.Current.CancellationToken);
                while (killed % 2 == 0 && !process.HasExited && !IsWriting(run))
                    await Task.Yield();
                isKilled = !process.HasExited;
                process.Kill();
                if (isKilled && IsWriting(run))
                    inWrite++;
            }, [.. arguments, run, .. resume]);
            ended = !isKilled;
            killed += isKilled ? 1 : 0;
            if (ended)
                result.IsSuccess();
        }

        output.WriteLine($"{killed} kills, {inWrite} of them inside a checkpoint's write");
        Assert.Equal(Hash(folder.File("whole")), Hash(run));
        Assert.Equal(Losses(folder.File("whole")), Losses(run));
        Assert.True(killed > 0 && inWrite >= killed / 3, $"{inWrite} of {killed}");
    }

    private static int Steps(string run)
    {
        var file = Path.Combine(run, "metrics.jsonl");
        return File.Exists(file) ? (int)new FileInfo(file).Length : 0;
    }

    private static bool IsWriting(string run)
    {
        var folder = Path.Combine(run, "checkpoints");
        return Directory.Exists(folder) && Directory.EnumerateDirectories(folder, ".*.partial-*").Any();
    }

    private static string Hash(string run) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(run, "adapter", "adapter_model.safetensors"))));

    private static string[] Losses(string run) => [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
        JsonDocument.Parse(line).RootElement).Select(json => $"{json.GetProperty("step")} {json.GetProperty("loss").GetRawText()}")];
}
