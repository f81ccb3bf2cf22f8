using System.Text.Json.Nodes;
using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Cli;

/// <summary>The same commands on a checkpoint of every architecture: random weights in the shape of the fixtures, with a
/// tokenizer.</summary>
public class ArchitectureVerbTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    public static IEnumerable<TheoryDataRow<string>> Models() =>
        Directory.GetDirectories(Path.Combine(Fixture.Folder, "architectures"))
            .Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_architecture_is_aligned_evaluated_and_read_back(string name)
    {
        var model = Make(name);
        foreach (var method in new[] { "lora", "full" })
        {
            var (run, json) = (tiny.File($"{name}-{method}"), tiny.File($"{name}-{method}.json"));
            CommandLine.Run("align", "--model", model, "--graph", tiny.Graph, "--out", run, "--method",
                method, "--steps", "3", "--batch", "2", "--threads", "1", "--quiet").IsSuccess();
            CommandLine.Run("evaluate", "completion", "--model", run, "--graph", tiny.Graph, "--json", json, "--threads", "1", "--quiet")
                .IsSuccess();

            Assert.InRange((double)JsonNode.Parse(File.ReadAllText(json))!["both"]!["mrr"]!, 0.2, 1);
            var losses = File.ReadLines(Path.Combine(run, "metrics.jsonl"))
                .Select(line => (double?)JsonNode.Parse(line)!["loss"]).Where(loss => loss is not null).ToList();
            Assert.Equal(3, losses.Count);
            Assert.All(losses, loss => Assert.True(double.IsFinite(loss!.Value)));
        }
        var config = ModelConfig.Load(Path.Combine(tiny.File($"{name}-full"), "model"));
        Assert.Equivalent(ModelConfig.Load(model), config, strict: true);
    }

    [Fact]
    public void A_frozen_base_can_be_held_in_8_bits()
    {
        var model = Make("qwen2");
        var run = tiny.File("held");
        string[] words =
        [
            "align", "--model", model, "--graph", tiny.Graph, "--out", run, "--steps", "3", "--batch", "2", "--threads", "1", "--quiet",
        ];
        CommandLine.Run([.. words, "--base-precision", "int8"]).IsSuccess();

        var options = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "run.json")))!["options"]!;
        Assert.Equal("int8", (string?)options["lora"]!["base_precision"]);
        CommandLine.Run("evaluate", "completion", "--model", run, "--graph", tiny.Graph, "--threads", "1", "--quiet").IsSuccess();
        words[6] = tiny.File("none");
        CommandLine.Run([.. words, "--base-precision", "int8", "--method", "full"]).IsFault("base_precision", "int8", "method full");
        words[6] = tiny.File("short");
        CommandLine.Run([.. words, "--base-precision", "bf16"]).IsSuccess();
        // How it is multiplied is the processor's affair.
        options = JsonNode.Parse(File.ReadAllText(Path.Combine(words[6], "run.json")))!["options"]!;
        Assert.Equal("bf16", (string?)options["lora"]!["base_precision"]);
    }

    private string Make(string name)
    {
        NativeEngine.Initialize();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var random = new Generator(1);
        using var small = 0.2.ToScalar();
        var tokenizer = Tokenizer.Load(tiny.Model);
        var config = ModelConfig.Load(Path.Combine(Fixture.Folder, "architectures", name));
        config = config with { VocabularySize = tokenizer.VocabularySize };
        var shapes = config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        var folder = Directory.CreateDirectory(tiny.File(name)).FullName;
        CausalModel.Save(folder, config, tokenizer, weight => weight.Contains("norm", StringComparison.Ordinal)
            ? ones(shapes[weight])
            : randn(shapes[weight], generator: random).mul(small));
        return folder;
    }
}
