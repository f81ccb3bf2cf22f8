using System.Text.Json.Nodes;
using Kalm.Engine;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using Kalm.Tests.Language.Export;

namespace Kalm.Tests.Cli;

/// <summary>An alignment by LoRA in every linear module, and what is made of it for other programs.</summary>
public class ExportTests(TinyModel tiny) : TorchTest, IClassFixture<TinyModel>
{
    [Fact]
    public void An_adapter_becomes_a_whole_model_that_evaluates_alike()
    {
        var run = Align("run-hf");
        var output = tiny.File("aligned");
        var line = CommandLine.Run("export", "--model", run, "--to", "hf", "--out", output, "--quiet").IsSuccess();
        Assert.Contains("merged", line.Output, StringComparison.Ordinal);

        using var adapted = OpenedModel.Open(run);
        using var whole = OpenedModel.Open(output);
        Assert.Null(whole.AdapterFolder);
        Assert.True(whole.IsAligned);
        Assert.Equal(adapted.Settings with { Base = null }, whole.Settings);
        using (var first = adapted.Load())
        using (var second = whole.Load())
            foreach (var (name, weight) in first.Weights)
                Assert.True((weight - second.Weights[name]).abs().max().ReadNumber() < 1e-6, name);
        Assert.Equal(Figures(run), Figures(output));

        var card = File.ReadAllText(Path.Combine(output, "README.md"));
        Assert.StartsWith("---\nlibrary_name: transformers\n", card, StringComparison.Ordinal);
        foreach (var word in new[]
        {
            "base_model: \"base\"", "rank-stabilised", "rank 4", "steps | 2 of 2 triples",
            "temperature of the cosines", "validation before", "kalm embed --model aligned",
        })
            Assert.Contains(word, card, StringComparison.Ordinal);
        Assert.DoesNotContain(tiny.File(""), card, StringComparison.Ordinal);
    }

    [Fact]
    public void The_adapter_folder_holds_nothing_but_PEFT_s_tensors_and_config_and_ours_beside_them()
    {
        var adapter = Path.Combine(Align("run-peft"), "adapter");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "kalm.json"],
            Directory.GetFiles(adapter).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        using var file = SafetensorsFile.Open(Path.Combine(adapter, AdapterConfig.WeightsName));
        Assert.Equal(2 * 7 * ModelConfig.Load(tiny.Model).LayerCount, file.Tensors.Count);
        Assert.All(file.Tensors.Keys,
            name => Assert.Matches(@"^base_model\.model\.model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.lora_[AB]\.weight$", name));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(adapter, AdapterConfig.FileName)))!;
        Assert.True((bool)config["use_rslora"]!);
        Assert.Equal(7, config["target_modules"]!.AsArray().Count);
    }

    [Fact]
    public void An_adapter_for_another_base_is_refused_with_both_named()
    {
        var adapter = Path.Combine(Align("run-other"), "adapter");
        var other = tiny.File("other-base");
        CommandLine.Run("pretrain", "--graph", tiny.Graph, "--out", other, "--steps", "1",
            "--vocabulary", "300", "--context", "32", "--seed", "2", "--threads", "1").IsSuccess();
        var path = Path.Combine(adapter, AdapterConfig.FileName);
        File.WriteAllText(path, File.ReadAllText(path).Replace(tiny.Model, other, StringComparison.Ordinal));
        foreach (var to in new[] { "hf", "gguf" })
            CommandLine.Run("export", "--model", adapter, "--to", to, "--out", tiny.File("never"))
                .IsFault(adapter, other, tiny.Model, "another base model");
        CommandLine.Run("evaluate", "completion", "--model", adapter, "--graph", tiny.Graph, "--quiet").IsFault(adapter, other, tiny.Model);
        Assert.False(Path.Exists(tiny.File("never")));
    }

    [Theory]
    [InlineData("f32", 0u)]
    [InlineData("f16", 1u)]
    [InlineData("bf16", 32u)]
    [InlineData("q8_0", 7u)]
    [InlineData(null, 1u)]
    public void A_model_becomes_a_GGUF_file(string? type, uint fileType)
    {
        var output = tiny.File($"model-{type}.gguf");
        string[] more = type is null ? [] : ["--type", type];
        CommandLine.Run(["export", "--model", tiny.Model, "--to", "gguf", "--out", output, .. more]).IsSuccess();
        var file = new IndependentGguf(output);
        Assert.Equal(fileType, file.Key<uint>("general.file_type"));
        Assert.Equal($"model-{type}", file.Key<string>("general.name"));
        Assert.Equal(ModelConfig.Load(tiny.Model).VocabularySize, file.Key<string[]>("tokenizer.ggml.tokens").Length);
    }

    [Fact]
    public void Wrong_words_are_faults()
    {
        CommandLine.Run("export", "--model", tiny.Model, "--to", "onnx", "--out", tiny.File("x")).IsFault("--to", "'onnx'", "hf or gguf");
        CommandLine.Run("export", "--model", tiny.Model, "--out", tiny.File("x")).IsFault("--to", "missing");
        CommandLine.Run("export", "--model", tiny.Model, "--to", "gguf", "--type", "q4", "--out", tiny.File("x")).IsFault("--type", "'q4'");
        CommandLine.Run("export", "--model", tiny.Model, "--to", "hf", "--type", "q8_0", "--out", tiny.File("x"))
            .IsFault("--type", "'q8_0'", "f32 or f16 or bf16");
        CommandLine.Run("export", "--model", tiny.Model, "--to", "hf", "--out", tiny.Model).IsFault("--out", "not empty");
        CommandLine.Run("export", "--model", tiny.Model, "--to", "gguf", "--out", tiny.File("no/such/file"))
            .IsFault("--out", "does not exist");
        Assert.False(Path.Exists(tiny.File("x")));
    }

    private string Align(string name)
    {
        var recipe = tiny.Write(name + ".json", """{"lora": {"targets": ["all-linear"], "rank": 4, "rank_stabilized": true}, """
            + "\"optimizer\": {\"learning_rate\": 0.05, \"warmup_steps\": 0}}");
        var run = tiny.File(name);
        CommandLine.Run(
            "align", "--model", tiny.Model, "--graph", tiny.Graph, "--out", run, "--recipe",
            recipe, "--steps", "2", "--batch", "2", "--threads", "1", "--quiet").IsSuccess();
        return run;
    }

    private string Figures(string model)
    {
        var json = tiny.File("figures.json");
        CommandLine.Run("evaluate", "completion", "--model", model, "--graph", tiny.Graph, "--json", json, "--threads", "1", "--quiet")
            .IsSuccess();
        return JsonNode.Parse(File.ReadAllText(json))!["both"]!.ToJsonString();
    }
}
