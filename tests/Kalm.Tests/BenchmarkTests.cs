using System.Text.Json.Nodes;
using Kalm.Graph;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>The benchmarks run, and what they compare is comparable; how fast things are is not tested.</summary>
public class BenchmarkTests
{
    private static readonly string World = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world");

    [Fact]
    public async Task Generation_writes_the_same_answers_with_and_without_a_cache()
    {
        var result = await Run("generation", "--preset", "tiny", "--questions", "6", "--tokens", "4", "--rounds", "1");

        Assert.Equal(6, (int)result["same_answers"]!);
        Assert.Equal(3, (int)result["shots"]!);
        Assert.InRange((int)result["shared_tokens"]!, 20, (double)result["mean_prompt_tokens"]!);
        Assert.True((double)result["ratio"]! > 0);
    }

    [Fact]
    public async Task Cost_counts_the_tokens_of_both_recipes()
    {
        var result = await Run("cost", "--gemm-preset", "tiny", "--rounds", "1", "--steps", "1");

        foreach (var side in new[] { "theirs", "ours" })
            Assert.InRange((double)result[side]!["contrastive_tokens_per_triple"]!, 1, (double)result[side]!["tokens_per_triple"]! - 1);
        Assert.InRange((double)result["ours"]!["real_tokens_per_triple"]!, 1, (double)result["ours"]!["tokens_per_triple"]!);
        Assert.InRange((double)result["tokens_ratio"]!, 0.01, 1);
        Assert.InRange((double)result["gemm_share"]!, (double)result["gemm_share_computed"]!, double.MaxValue);
        Assert.Equal((384L * 3 + 128 * 4) * 128 * 3 + 128 * 7, (long)result["gemm"]!["body_parameters"]!);
    }

    [Fact]
    public async Task Kernels_measures_the_engines_operations_and_our_own()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("result.json");
        (await CommandLine.RunProcess(Program, null, "kernels", "--rounds", "1", "--graph", World, "--json", file)).IsSuccess();
        var ways = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!["ways"]!.AsArray();

        Assert.Equal(1, (double)ways[0]!["ratio"]!);
        Assert.True((bool)ways[1]!["own"]! && !(bool)ways[0]!["own"]! && (double)ways[1]!["ratio"]! > 0);
    }

    [Fact]
    public async Task Steps_takes_as_many_steps_as_asked_for()
    {
        var run = await CommandLine.RunProcess(
            Program, null, "steps", "--preset", "tiny", "--rounds", "2", "--threads", "1", "--graph", World);
        run.IsSuccess();

        Assert.Equal(["preset tiny,", "step 1 of 2:", "step 2 of 2:"], run.Output.TrimEnd().Split('\n').Select(line => line[..12]));
    }

    [Fact]
    public async Task Scale_counts_what_it_made_and_measures_every_part()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("result.json");
        (await CommandLine.RunProcess(Program, null, "scale", "--entities", "400", "--steps", "2", "--threads", "1", "--json", file))
            .IsSuccess();
        var result = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!;

        Assert.Equal(400, (int)result["entities"]!);
        Assert.InRange((int)result["triples"]!, 1100, 1200);
        Assert.InRange((double)result["share"]!, 0, 1);
    }

    [Fact]
    public async Task Serving_answers_many_at_once_and_one_after_the_other()
    {
        var result = await Run("serving", "--preset", "tiny", "--requests", "64", "--rounds", "1");

        Assert.Equal((32, 64), ((int)result["clients"]!, (int)result["requests"]!));
        Assert.True((double)result["ratio"]! > 0);
    }

    [Fact]
    public async Task Soak_finds_nothing_lost_of_what_two_servers_acknowledged()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModel.Make(folder, KnowledgeGraph.Load(World));
        var result = await Run(
            "soak", "--model", model, "--minutes", "0.1", "--clients", "4", "--kills", "1", "--kalm", CommandLine.Program);

        Assert.Empty(result["lost"]!.AsArray());
        Assert.True((long)result["figures"]!["changes"]! > 0);
        Assert.InRange((int)result["checked"]!, 40, int.MaxValue);
        Assert.DoesNotContain(result["figures"]!["by_kind"]!.AsObject(), kind => kind.Key.StartsWith("stale", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_option_is_named() =>
        (await CommandLine.RunProcess(Program, null, "cost", "--grap", World)).IsFault("--grap", "--graph");

    private static string Program => CommandLine.Program.Replace("Kalm.Cli", "Kalm.Benchmarks", StringComparison.Ordinal);

    private static async Task<JsonNode> Run(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("result.json");
        (await CommandLine.RunProcess(Program, null, [.. arguments, "--threads", "1", "--graph", World, "--json", file])).IsSuccess();
        return JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!;
    }
}
