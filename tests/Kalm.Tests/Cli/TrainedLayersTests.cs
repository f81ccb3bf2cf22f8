using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

public sealed class TrainedLayersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Kalm.Tests.Graph.SmallGraph graph = FamilyGraph.Make();
    private readonly string model;

    public TrainedLayersTests()
    {
        model = folder.File("base");
        CommandLine.Run("pretrain", "--graph", graph.Path, "--steps", "20", "--vocabulary", "300", "--out", model, "--quiet").IsSuccess();
    }

    [Theory]
    [InlineData("description_first")]
    [InlineData("compat")]
    public void The_upper_layers_alone_are_trained_and_the_adapter_says_so(string style)
    {
        var run = folder.File("run");
        var told = Align(run, $$"""
            { "lora": { "trained_layers": 1 }, "wording": { "style": "{{style}}" }, "batches": { "induced_facts": true } }
            """).IsSuccess();
        Assert.Contains("lora.trained_layers: the lower 2 of 3 layers read", told.Output + told.Error, StringComparison.Ordinal);
        var adapter = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "adapter", "adapter_config.json")))!;
        Assert.Equal("[2]", adapter["layers_to_transform"]!.ToJsonString());
        Assert.False(File.Exists(Path.Combine(run, "states.bf16")));
        CommandLine.Run("evaluate", "completion", "--model", run, "--limit", "5", "--quiet").IsSuccess();
    }

    [Fact]
    public void A_stopped_run_goes_on_to_the_same_bytes()
    {
        var run = folder.File("run");
        Align(run, """{ "lora": { "trained_layers": 2 }, "budget": { "save_every": 2 } }""").IsSuccess();
        var weights = Path.Combine(run, "adapter", "adapter_model.safetensors");
        var expected = File.ReadAllBytes(weights);
        File.WriteAllText(Path.Combine(run, "run.json"),
            File.ReadAllText(Path.Combine(run, "run.json")).Replace("\"complete\"", "\"running\"", StringComparison.Ordinal));
        Directory.Delete(Path.GetDirectoryName(weights)!, recursive: true);
        Directory.Delete(Directory.GetDirectories(Path.Combine(run, "checkpoints")).Max()!, recursive: true);
        Align(run, """{ "lora": { "trained_layers": 2 }, "budget": { "save_every": 2 } }""", "--resume").IsSuccess();
        Assert.Equal(expected, File.ReadAllBytes(weights));
    }

    [Theory]
    [InlineData("""{ "lora": { "trained_layers": 9 } }""", "lora.trained_layers", "at most 3")]
    [InlineData("""{ "lora": { "trained_layers": 0 } }""", "lora.trained_layers", "1 or more")]
    [InlineData("""{ "method": "full", "lora": { "trained_layers": 1 } }""", "lora.trained_layers", "method full")]
    [InlineData("""{ "lora": { "trained_layers": 1 }, "batches": { "token_dropout": 0.1 } }""", "batches.token_dropout", "whole texts")]
    public void What_cannot_be_is_refused_by_name(string recipe, string name, string expected) =>
        Align(folder.File("refused"), recipe, "--quiet").IsFault(name, expected);

    private CommandLine Align(string run, string recipe, params string[] more) => CommandLine.Run(
        ["align", "--model", model, "--graph", graph.Path, "--recipe", folder.Write("recipe.json", recipe), "--steps", "4",
            "--batch", "16", "--threads", "2", "--out", run, .. more]);

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
