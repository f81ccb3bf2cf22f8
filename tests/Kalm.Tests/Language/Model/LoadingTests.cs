using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Model;

/// <summary>The same weights in one file and in shards, in every stored type.</summary>
public sealed class LoadingTests : TorchTest, IClassFixture<Cli.TinyModel>
{
    private readonly Cli.TinyModel tiny;
    private readonly TemporaryFolder folder = new();

    public LoadingTests(Cli.TinyModel tiny) => this.tiny = tiny;

    [Theory]
    [InlineData(TensorType.F32, 0)]
    [InlineData(TensorType.F16, 1.0 / 2048)]
    [InlineData(TensorType.BF16, 1.0 / 256)]
    public void Shards_of_any_type_load_as_the_single_file_does(TensorType type, double relativeError)
    {
        using var clean = folder;
        using var single = CausalModel.Load(tiny.Model);
        WriteShards(single, type);
        using var sharded = CausalModel.Load(folder.Path);
        Assert.Equal(single.Weights.Keys, sharded.Weights.Keys);
        Assert.Empty(sharded.Warnings);
        foreach (var (name, weight) in single.Weights)
        {
            Assert.Equal(ScalarType.Float32, sharded.Weights[name].dtype);
            var error = TensorArithmetic.Plus(weight, sharded.Weights[name].neg()).abs().max().ReadNumber();
            Assert.True(error <= relativeError * weight.abs().max().ReadNumber(), $"{name}: off by {error}");
        }
    }

    [Fact]
    public void A_stored_head_that_differs_from_the_tied_embedding_is_taken_and_told()
    {
        using var clean = folder;
        using var single = CausalModel.Load(tiny.Model);
        WriteShards(single, TensorType.F32, embedding => embedding);
        using (var same = CausalModel.Load(folder.Path))
            Assert.Empty(same.Warnings);
        WriteShards(single, TensorType.F32, embedding => embedding.neg());
        using var different = CausalModel.Load(folder.Path);
        Assert.Contains("lm_head.weight differs from the embedding, though config.json ties them",
            Assert.Single(different.Warnings), StringComparison.Ordinal);
        Assert.False(different.Config.TieWordEmbeddings);
        Assert.True(
            different.Weights["lm_head.weight"].equal(different.Weights["model.embed_tokens.weight"].neg()).all().ReadNumber() == 1);
    }

    private void WriteShards(CausalModel model, TensorType type, Func<Tensor, Tensor>? head = null)
    {
        foreach (var file in Directory.GetFiles(tiny.Model).Where(file => Path.GetExtension(file) == ".json"))
            File.Copy(file, folder.File(Path.GetFileName(file)), overwrite: true);
        var tensors = model.Weights.ToDictionary(pair => pair.Key, pair => pair.Value);
        if (head is not null)
            tensors.Add(TensorNames.Head, head(tensors[TensorNames.Embedding]));
        var map = new List<string>();
        foreach (var shard in tensors.Keys.Chunk((tensors.Count / 3) + 1).Index())
        {
            var name = $"model-{shard.Index + 1:D5}-of-00003.safetensors";
            var writer = new SafetensorsWriter();
            foreach (var tensor in shard.Item)
                writer.Declare(tensor, type, tensors[tensor].shape);
            writer.Write(folder.File(name),
                (entry, stream) => SafetensorsWriter.WriteSingles(entry, stream, [.. tensors[entry.Name].data<float>()]));
            map.AddRange(shard.Item.Select(tensor => $"\"{tensor}\":\"{name}\""));
        }
        folder.Write("model.safetensors.index.json", $"{{\"weight_map\":{{{string.Join(",", map)}}}}}");
    }
}
