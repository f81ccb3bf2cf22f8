using Kalm.Language.Checkpoints;

namespace Kalm.Tests.Language.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
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
        using var checkpoint = CheckpointFolder.Open(_folder.Path);
        Assert.Equal(12, checkpoint.Config.IntermediateSize);
        Assert.Equal([10, 8], checkpoint.Weights.Find("lm_head.weight").Shape);
        Assert.Empty(checkpoint.Warnings);
    }

    [Fact]
    public void Accepts_a_tied_model_that_stores_its_output_layer_too()
    {
        Save(Small with { TieWordEmbeddings = true }, Small, ("model.layers.0.self_attn.rotary_emb.inv_freq", TensorType.F32, [2]));
        using var checkpoint = CheckpointFolder.Open(_folder.Path);
        Assert.Empty(checkpoint.Warnings);
    }

    [Fact]
    public void Warns_of_tensors_that_the_model_does_not_have()
    {
        Save(Small, Small with { LayerCount = 3 });
        using var checkpoint = CheckpointFolder.Open(_folder.Path);
        var warning = Assert.Single(checkpoint.Warnings);
        Assert.Contains("9 tensors", warning, StringComparison.Ordinal);
        Assert.Contains("'model.layers.2.input_layernorm.weight'", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_the_first_missing_tensor()
    {
        Save(Small, Small with { LayerCount = 1 });
        AssertRefused("'model.layers.1.input_layernorm.weight': missing; config.json asks for it with the shape [8]");
        Save(Small, Small with { TieWordEmbeddings = true });
        AssertRefused("'lm_head.weight': missing");
        Save(Small with { LayerCount = int.MaxValue, HiddenSize = int.MaxValue }, Small);
        AssertRefused("'model.embed_tokens.weight': found the shape [10, 8], expected [10, 2147483647]");
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

    [Fact]
    public void Refuses_what_is_not_supported_yet()
    {
        Save(Small, Small);
        File.Move(_folder.File("model.safetensors"), _folder.File("pytorch_model.bin"));
        AssertRefused("convert it to safetensors");
        _folder.Write("model.safetensors.index.json", "{}");
        AssertRefused("sharded checkpoints are not supported yet; expected model.safetensors");
        Assert.Throws<KalmException>(() => CheckpointFolder.Open(_folder.File("absent")));
    }

    private void AssertRefused(string expected) =>
        Assert.Contains(expected, Assert.Throws<KalmException>(() => CheckpointFolder.Open(_folder.Path)).Message, StringComparison.Ordinal);

    private void Save(ModelConfig config, ModelConfig weights, params (string Name, TensorType Type, long[] Shape)[] more)
    {
        config.Save(_folder.Path);
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in weights.TensorShapes())
            writer.Declare(name, TensorType.F32, shape);
        foreach (var (name, type, shape) in more)
            writer.Declare(name, type, shape);
        writer.Write(_folder.File("model.safetensors"), (entry, stream) => stream.Write(new byte[entry.ByteCount]));
    }
}
