using System.Runtime.InteropServices;
using Kalm.Language.Export;
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
    [MemberData(nameof(Models))]
    public void A_file_of_ours_read_back_is_the_folder_it_was_made_from(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, name);
        var file = folder.File("made.gguf");
        using (var source = Open(path))
            GgufExport.Write(file, source, GgufTensorType.F32, "made");
        using var checkpoint = CheckpointFolder.Open(path);
        using var model = GgufModel.Open(file);

        AssertConfig(checkpoint.Config, model.Config);
        foreach (var (tensor, shape) in checkpoint.Config.TensorShapes())
        {
            var entry = checkpoint.Weights.Find(tensor);
            var found = model.TryFind(tensor)!;
            Assert.Equal(shape, found.Shape);
            var (expected, values) = (new float[entry.ElementCount], new float[entry.ElementCount]);
            checkpoint.Weights.FileOf(tensor).ReadSingles(entry, 0, expected);
            model.ReadSingles(found, 0, values);
            Assert.Equal(MemoryMarshal.Cast<float, int>(expected.AsSpan()).ToArray(), MemoryMarshal.Cast<float, int>(values.AsSpan()).ToArray());
        }
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
