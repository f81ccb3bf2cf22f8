using System.Text.Json.Nodes;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Distributed;

/// <summary>Vectors, ranks and a base that several processes make, against one process.</summary>
public sealed class SharedEncodingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Ranks_write_the_vectors_that_one_process_writes()
    {
        MpiRun.Require();
        // Several portions.
        using var graph = FamilyGraph.Make(perGroup: 900);
        var model = Tests.TinyModel.Make(folder, graph.Load());
        string[] arguments =
            ["embed", "--model", model, "--graph", graph.Path, "--threads", "1", "--queries", "test", "--as", "npy", "--out"];

        CommandLine.Run([.. arguments, folder.File("one")]).IsSuccess();
        (await MpiRun.Run(3, [.. arguments, folder.File("shared")])).IsSuccess();

        var files = Directory.GetFiles(folder.File("one")).Select(Path.GetFileName).Order().ToList();
        Assert.Equal(files, Directory.GetFiles(folder.File("shared")).Select(Path.GetFileName).Order());
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(folder.File($"one/{file}")), File.ReadAllBytes(folder.File($"shared/{file}"))));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "--vectors")]
    public async Task Ranks_measure_what_one_process_measures(int ranks, params string[] kept)
    {
        MpiRun.Require();
        using var graph = FamilyGraph.Make();
        var model = Tests.TinyModel.Make(folder, graph.Load());
        string[] arguments = ["evaluate", "completion", "--model", model, "--graph", graph.Path, "--threads", "1", "--json"];

        CommandLine.Run([.. arguments, folder.File("one.json")]).IsSuccess();
        (await MpiRun.Run(ranks, [.. arguments, folder.File("shared.json"), .. kept.SelectMany(option => new[] { option, folder.File("kept") })]))
            .IsSuccess();

        Assert.Equal(Figures("one.json"), Figures("shared.json"));
    }

    [Fact]
    public async Task Ranks_pretrain_what_one_process_pretrains()
    {
        MpiRun.Require();
        using var graph = FamilyGraph.Make();
        string[] arguments =
            ["pretrain", "--graph", graph.Path, "--threads", "1", "--steps", "20", "--vocabulary", "300", "--context", "48", "--out"];

        var one = CommandLine.Run([.. arguments, folder.File("one")]).IsSuccess();
        var shared = (await MpiRun.Run(2, [.. arguments, folder.File("shared")])).IsSuccess();

        Assert.Equal(Line(one, "final loss"), Line(shared, "final loss"));
        Assert.True(File.Exists(folder.File("shared/model.safetensors")));
    }

    private string Figures(string file)
    {
        var json = JsonNode.Parse(File.ReadAllText(folder.File(file)))!.AsObject();
        json.Remove("seconds");
        return json.ToJsonString();
    }

    private static string Line(CommandLine result, string name) =>
        result.Output.Split('\n').Single(line => line.Contains(name, StringComparison.Ordinal)).Trim();

    public void Dispose() => folder.Dispose();
}
