using System.Text.Json.Nodes;
using Kalm.Engine;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using static Kalm.Tests.Language.Export.ModelFolders;

namespace Kalm.Tests.Language.Export;

/// <summary>Hugging Face folders with an adapter merged.</summary>
public class HuggingFaceExportTests : TorchTest
{
    public static TheoryData<string> Models => [.. Architectures];

    [Theory]
    [MemberData(nameof(Models))]
    public void A_folder_holds_what_base_and_adapter_make_together(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, name, TensorType.F32);
        using var merged = Open(path);
        using var source = Open(Fixture(name), Path.Combine(Fixture(name), "adapter"));
        foreach (var (tensor, _) in source.Config.TensorShapes())
            Assert.True(merged.Read(tensor).equal(source.Read(tensor)).all().ReadNumber() == 1, tensor);
        Assert.Equivalent(source.Config with { TorchType = TensorType.F32 }, merged.Config, strict: true);
        using var model = CausalModel.Load(path);
        Assert.Equal(33, model.Tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData(TensorType.F16, "float16")]
    [InlineData(TensorType.BF16, "bfloat16")]
    public void Numbers_are_rounded_once_after_merging(TensorType type, string torchName)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "qwen3", type);
        using var merged = Open(path);
        using var source = Open(Fixture("qwen3"), Path.Combine(Fixture("qwen3"), "adapter"));
        using var file = SafetensorsFile.Open(Path.Combine(path, "model.safetensors"));
        Assert.All(file.Tensors.Values, entry => Assert.Equal(type, entry.Type));
        foreach (var (tensor, _) in source.Config.TensorShapes())
        {
            double[] expected = [.. source.Read(tensor).data<float>().Select(value =>
                type == TensorType.F16 ? (double)(Half)value : TensorNumbers.FromBFloat16(TensorNumbers.ToBFloat16(value)))];
            Kalm.Tests.Fixture.AssertClose(expected, merged.Read(tensor), 0);
        }
        // The base's config spells it the newer way.
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "config.json")))!;
        Assert.Equal(torchName, (string?)config["dtype"]);
        Assert.Equal(torchName, (string?)config["torch_dtype"]);
        Assert.NotNull(config["rope_parameters"]);
    }

    [Fact]
    public void Large_weights_are_written_in_shards_with_an_index()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "mistral", TensorType.F32, 12_000);
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "model.safetensors.index.json")))!;
        var config = ModelConfig.Load(path);
        Assert.Equal(config.TensorShapes().Sum(tensor => 4 * tensor.Shape.Aggregate(1L, (product, size) => product * size)),
            (long)index["metadata"]!["total_size"]!);
        var files = Directory.GetFiles(path, "model-*.safetensors").Select(file => Path.GetFileName(file)).Order().ToArray();
        Assert.True(files.Length > 2);
        Assert.Equal($"model-00001-of-{files.Length:D5}.safetensors", files[0]);
        Assert.Equal(files, index["weight_map"]!.AsObject().Select(pair => (string)pair.Value!).Distinct().Order());
        Assert.False(File.Exists(Path.Combine(path, "model.safetensors")));
        Assert.All(files, file => Assert.True(new FileInfo(Path.Combine(path, file)).Length < 14_000));

        using var merged = Open(path);
        using var source = Open(Fixture("mistral"), Path.Combine(Fixture("mistral"), "adapter"));
        foreach (var (tensor, _) in source.Config.TensorShapes())
            Assert.True(merged.Read(tensor).equal(source.Read(tensor)).all().ReadNumber() == 1, tensor);
    }

    [Fact]
    public void The_tokenizer_s_files_and_a_generation_config_come_along()
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, "llama3");
        foreach (var name in new[] { "special_tokens_map.json", "chat_template.jinja", "tokenizer.model", "unknown.txt" })
            File.WriteAllText(Path.Combine(path, name), name);
        Directory.CreateDirectory(folder.File("out"));
        using var source = Open(path);
        HuggingFaceExport.Write(folder.File("out"), source, TensorType.F32);
        Assert.Equal(
            ["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors",
                "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json"],
            Directory.GetFiles(folder.File("out")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.Equal("tokenizer.model", File.ReadAllText(folder.File("out/tokenizer.model")));
        var generation = JsonNode.Parse(File.ReadAllText(folder.File("out/generation_config.json")))!;
        Assert.Equal((1, 2), ((int)generation["bos_token_id"]!, (int)generation["eos_token_id"]!));

        File.WriteAllText(Path.Combine(path, "generation_config.json"), """{"eos_token_id": [2, 3]}""");
        Directory.CreateDirectory(folder.File("again"));
        HuggingFaceExport.Write(folder.File("again"), source, TensorType.F32);
        Assert.Equal("""{"eos_token_id": [2, 3]}""", File.ReadAllText(folder.File("again/generation_config.json")));
    }

    private static string Write(TemporaryFolder folder, string name, TensorType type, long shardBytes = HuggingFaceExport.ShardBytes)
    {
        var target = Directory.CreateDirectory(folder.File("out")).FullName;
        using var source = Open(Copy(folder, name), Path.Combine(Fixture(name), "adapter"));
        HuggingFaceExport.Write(target, source, type, shardBytes);
        return target;
    }
}
