using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Tokenization;
using static TorchSharp.torch;

namespace Kalm.Tests;

/// <summary>The tiny models of Fixtures/, which have no tokenizer of their own.</summary>
internal static class FixtureModel
{
    public static readonly Tokenizer AnyTokenizer = Tokenizer.Train(["any text"], 257);

    public static CausalModel Load(string name)
    {
        using var checkpoint = FolderSource.Open(Path.Combine(Fixture.Folder, name));
        var weights = checkpoint.Config.TensorShapes()
            .ToDictionary(tensor => tensor.Name, tensor => SourceTensors.Read(checkpoint, tensor.Name, CPU));
        return new CausalModel(checkpoint.Config, AnyTokenizer, weights, CPU);
    }
}
