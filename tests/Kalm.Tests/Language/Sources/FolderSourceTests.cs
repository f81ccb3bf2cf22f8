using System.Security.Cryptography;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Sources;

public sealed class FolderSourceTests : IDisposable
{
    private static readonly ModelConfig Small = new()
    {
        HiddenSize = 8,
        IntermediateSize = 12,
        LayerCount = 2,
        HeadCount = 2,
        KeyValueHeadCount = 1,
        HeadDimension = 4,
        VocabularySize = 10,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Opens_a_sound_folder_without_warnings()
    {
        Save(Small, Small);
        using var checkpoint = FolderSource.Open(_folder.Path);
        Assert.Equal(12, checkpoint.Config.IntermediateSize);
        Assert.Equal([10, 8], checkpoint.TryFind("lm_head.weight")!.Shape);
        Assert.Empty(checkpoint.Warnings);
    }

    [Fact]
    public void Accepts_a_tied_model_that_stores_its_output_layer_too()
    {
        Save(Small with { TieWordEmbeddings = true }, Small, ("model.layers.0.self_attn.rotary_emb.inv_freq", TensorType.F32, [2]));
        using var checkpoint = FolderSource.Open(_folder.Path);
        Assert.Empty(checkpoint.Warnings);
    }

    [Fact]
    public void Warns_of_tensors_that_the_model_does_not_have()
    {
        Save(Small, Small with { LayerCount = 3 });
        using var checkpoint = FolderSource.Open(_folder.Path);
        var warning = Assert.Single(checkpoint.Warnings);
        Assert.Contains("9 tensors", warning, StringComparison.Ordinal);
        Assert.Contains("'model.layers.2.input_layernorm.weight'", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_ends_with_what_the_model_says_where_its_tokenizer_names_nothing()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Fixture.Folder, "adapters", "tied")))
            File.Copy(path, _folder.File(Path.GetFileName(path)));
        Assert.Equal(2, EndId());
        _folder.Write("generation_config.json", """{"eos_token_id": null}""");
        Assert.Equal(2, EndId());
        _folder.Write("generation_config.json", """{"eos_token_id": [1000, 95, 3]}""");
        Assert.Equal(95, EndId());
        _folder.Write("tokenizer_config.json", """{"eos_token": "A"}""");
        Assert.Equal(33, EndId());

        int EndId()
        {
            using var source = FolderSource.Open(_folder.Path);
            var tokenizer = source.ReadTokenizer();
            Assert.Equal(tokenizer.EndId, tokenizer.Whole("B")[^1]);
            return tokenizer.EndId!.Value;
        }
    }

    [Fact]
    public void Names_the_first_missing_tensor()
    {
        Save(Small, Small with { LayerCount = 1 });
        AssertRefused("'model.layers.1.input_layernorm.weight': missing; config.json asks for it with the shape [8]");
        Save(Small with { LayerCount = 10_000, HiddenSize = int.MaxValue }, Small);
        AssertRefused("'model.embed_tokens.weight': found the shape [10, 8], expected [10, 2147483647]");
    }

    [Fact]
    public void A_model_without_a_head_is_one_for_embeddings()
    {
        Save(Small, Small with { TieWordEmbeddings = true });
        using var source = FolderSource.Open(_folder.Path);
        Assert.Contains("has no lm_head.weight, as models for embeddings alone", Assert.Single(source.Warnings), StringComparison.Ordinal);
        Assert.True(source.Config.TieWordEmbeddings);
    }

    [Fact]
    public void Names_the_first_tensor_of_another_shape()
    {
        Save(Small, Small with { IntermediateSize = 16 });
        AssertRefused("'model.layers.0.mlp.gate_proj.weight': found the shape [16, 8], expected [12, 8]");
    }

    [Fact]
    public void Refuses_weights_that_are_not_real_numbers()
    {
        Save(Small, Small with { TieWordEmbeddings = true }, ("lm_head.weight", TensorType.I8, [10, 8]));
        AssertRefused("'lm_head.weight': found the type I8");
    }

    [Theory]
    [InlineData("pytorch_model-00001-of-00002.bin", "a shard without its index")]
    [InlineData("adapter_model.bin", "an adapter")]
    [InlineData("consolidated.00.pth", "pickled under a name that is not known, so perhaps of another layout; convert it to safetensors")]
    [InlineData("model-q4.gguf", "a file for llama.cpp")]
    [InlineData("model-00001-of-00002.safetensors", "a shard without its index")]
    [InlineData("consolidated.safetensors", "of another name")]
    [InlineData("tf_model.h5", "weights of another library")]
    public void Says_which_other_weights_are_there(string name, string expected)
    {
        Small.Save(_folder.Path);
        _folder.Write(name, "");
        AssertRefused($"{_folder.File("model.safetensors")}: no such file; found '{name}': {expected}");
        AssertRefused("\nexpected model.safetensors, or shards and model.safetensors.index.json");
        File.Delete(_folder.File("config.json"));
        AssertRefused($"{_folder.File("config.json")}: no such file; found '{name}': {expected}");
    }

    [Fact]
    public void Refuses_a_folder_that_is_absent_or_empty()
    {
        AssertRefused("config.json: no such file\nexpected a Hugging Face model folder");
        Small.Save(_folder.Path);
        AssertRefused("model.safetensors: no such file\nexpected");
        Assert.Throws<KalmException>(() => FolderSource.Open(_folder.File("absent")));
    }

    [Fact]
    public void Refuses_a_model_that_needs_its_own_code()
    {
        Save(Small, Small);
        var config = File.ReadAllText(_folder.File("config.json"))
            .TrimEnd()[..^1] + ",\"auto_map\":{\"AutoModelForCausalLM\":\"modeling_other.OtherForCausalLM\"}}";
        _folder.Write("config.json", config);
        using (FolderSource.Open(_folder.Path))
            _folder.Write(
                "config.json", config.Replace("\"model_type\": \"llama\"", "\"model_type\": \"other\"", StringComparison.Ordinal));
        AssertRefused("(code that comes with a model is never run)");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("language_model.model.", "language_model.")]
    [InlineData("model.language_model.", "")]
    public void Names_may_begin_otherwise(string body, string head)
    {
        Save(Small, Small, [("vision_tower.patch.weight", TensorType.F32, [2, 2])],
            name => Small.CheckpointName(name, new NamePrefix(body, head)));

        using var checkpoint = FolderSource.Open(_folder.Path);

        Assert.NotNull(checkpoint.TryFind("lm_head.weight"));
        Assert.NotNull(checkpoint.TryFind("model.layers.0.mlp.up_proj.weight"));
        Assert.Contains("1 tensor is not part of the model and ignored: 'vision_tower.patch.weight'",
            Assert.Single(checkpoint.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Takes_the_single_file_where_an_index_is_there_too()
    {
        Save(Small, Small);
        _folder.Write("model.safetensors.index.json", """{"weight_map":{"a":"model-00001-of-00001.safetensors"}}""");
        using var checkpoint = FolderSource.Open(_folder.Path);
        Assert.Equal("model.safetensors", Path.GetFileName(Assert.Single(checkpoint.Files)));
        Assert.Contains(
            "index.json: ignored, because model.safetensors is there too", Assert.Single(checkpoint.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Warns_of_an_output_layer_that_no_tie_explains()
    {
        Save(Small with { TieWordEmbeddings = true }, Small with { TieWordEmbeddings = true }, ("lm_head.weight", TensorType.F32, [10, 9]));
        using var checkpoint = FolderSource.Open(_folder.Path);
        Assert.Contains("1 tensor is not part of the model and ignored: 'lm_head.weight'",
            Assert.Single(checkpoint.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_file_is_hashed_as_it_is()
    {
        Save(Small, Small);
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_folder.File("model.safetensors")))), HashOf(_folder.Path));
    }

    private static string HashOf(string folder)
    {
        using var source = FolderSource.Open(folder);
        return SourceHash.Of(source);
    }

    private void AssertRefused(string expected) =>
        Assert.Contains(expected, Assert.Throws<KalmException>(() => FolderSource.Open(_folder.Path)).Message, StringComparison.Ordinal);

    private void Save(ModelConfig config, ModelConfig weights, params (string Name, TensorType Type, long[] Shape)[] more) =>
        Save(config, weights, more, name => name);

    private void Save(
        ModelConfig config, ModelConfig weights, (string Name, TensorType Type, long[] Shape)[] more, Func<string, string> nameOf)
    {
        config.Save(_folder.Path);
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in weights.TensorShapes())
            writer.Declare(nameOf(name), TensorType.F32, shape);
        foreach (var (name, type, shape) in more)
            writer.Declare(name, type, shape);
        writer.Write(_folder.File("model.safetensors"), (entry, stream) => stream.Write(new byte[entry.ByteCount]));
    }
}
