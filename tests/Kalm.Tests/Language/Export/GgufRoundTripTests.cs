using System.Runtime.InteropServices;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Tokenization;
using static Kalm.Tests.Language.Export.ModelFolders;

namespace Kalm.Tests.Language.Export;

public class GgufRoundTripTests : TorchTest
{
    public static TheoryData<string> Models => [.. Architectures.Where(name => name != "qwen3_window")];

    [Theory]
    [InlineData("gemma2")]
    [InlineData("gemma3_text")]
    [InlineData("smollm3")]
    [InlineData("granite")]
    [InlineData("ernie4_5")]
    [InlineData("olmo2")]
    [InlineData("olmo3")]
    [InlineData("exaone4")]
    [InlineData("glm4")]
    [InlineData("cohere2")]
    [InlineData("seed_oss")]
    [InlineData("starcoder2")]
    [InlineData("gpt_neox")]
    [InlineData("stablelm")]
    [InlineData("hunyuan_v1_dense")]
    [InlineData("llama-llama3-rope")]
    [InlineData("llama-linear-rope")]
    [InlineData("llama-yarn-rope")]
    [InlineData("ministral3")]
    [InlineData("phi3")]
    public void A_family_is_the_same_after_it_was_written_and_read(string name)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = FolderSource.Open(DataFolder.Require($"families/{name}"));
        using (var source = Open(DataFolder.Require($"families/{name}")))
            GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made");
        using var model = GgufModel.Open(folder.File("made.gguf"));
        AssertConfig(checkpoint.Config, model.Config);
        AssertTensors(checkpoint, model, checkpoint.Config.Architecture.Norm == NormKind.ShiftedRootMeanSquare ? 1e-6f : 0);
        Assert.Empty(model.Warnings);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_file_of_ours_read_back_is_the_folder_it_was_made_from(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, name);
        var file = folder.File("made.gguf");
        using (var source = Open(path))
            GgufExport.Write(file, source, GgufTensorType.F32, "made");
        using var checkpoint = FolderSource.Open(path);
        using var model = GgufModel.Open(file);

        AssertConfig(checkpoint.Config, model.Config);
        AssertTensors(checkpoint, model, 0);
        Assert.Empty(model.Warnings);
    }

    [Fact]
    public void The_tokenizer_of_a_file_of_ours_is_that_of_the_folder()
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, "llama3");
        using (var source = Open(path))
            GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F16, "made");
        using var model = GgufModel.Open(folder.File("made.gguf"));
        var expected = Tokenizer.Load(path);
        model.Tokenizer().Save(Directory.CreateDirectory(folder.File("again")).FullName);
        foreach (var tokenizer in (Tokenizer[])[model.Tokenizer(), Tokenizer.Load(folder.File("again"))])
        {
            Assert.Equal((expected.BeginId, expected.EndId), (tokenizer.BeginId, tokenizer.EndId));
            foreach (var text in (string[])["the tea", " the<think> the<|endoftext|>th", "tthe  the", ""])
            {
                Assert.Equal(expected.Encode(text), tokenizer.Encode(text));
                Assert.Equal(expected.Decode(expected.Encode(text)), tokenizer.Decode(expected.Encode(text)));
            }
        }
        Assert.Equal("{{ messages }}", model.ChatTemplate);
        Assert.Equal(31, Assert.Single(model.EndTokenIds));
    }

    // Where a norm is written with 1 more, a number near 0 loses its last bits.
    private static void AssertTensors(FolderSource checkpoint, GgufModel model, float tolerance)
    {
        foreach (var (tensor, shape) in checkpoint.Config.TensorShapes())
        {
            using var stored = SourceTensors.Read(checkpoint, tensor, TorchSharp.torch.CPU);
            var found = model.TryFind(tensor)!;
            Assert.Equal(shape, found.Shape);
            var expected = stored.data<float>().ToArray();
            var values = new float[expected.Length];
            model.ReadSingles(found, 0, values);
            if (tensor.EndsWith("norm.weight", StringComparison.Ordinal) && tolerance > 0)
                Assert.All(expected.Zip(values), pair => Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
            else
                Assert.Equal(MemoryMarshal.Cast<float, int>(expected.AsSpan()).ToArray(), MemoryMarshal.Cast<float,
                    int>(values.AsSpan()).ToArray());
        }
    }

    // A Mistral without a window is a Llama there; which tokens end a text is the tokenizer's affair.
    private static void AssertConfig(ModelConfig expected, ModelConfig found)
    {
        Assert.Equivalent(expected with
        {
            Architecture = found.Architecture,
            TorchType = found.TorchType,
            BeginTokenId = found.BeginTokenId,
            EndTokenIds = found.EndTokenIds,
            RopeScaling = found.RopeScaling,
        }, found, strict: true);
        Assert.Equal(expected.RopeScaling?.TypeName, found.RopeScaling?.TypeName);
        foreach (var (frequency, right) in found.RotaryFrequencies().Zip(expected.RotaryFrequencies()))
            Assert.InRange(frequency, right * (1 - 1e-6), right * (1 + 1e-6));
        if (expected.Architecture != Kalm.Language.Sources.Config.Architecture.Mistral || expected.SlidingWindow is not null)
            Assert.Equal(expected.Architecture, found.Architecture);
    }
}
