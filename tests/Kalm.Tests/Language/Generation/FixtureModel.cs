using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Tokenization;
using TorchSharp;

namespace Kalm.Tests.Language.Generation;

/// <summary>The fixtures' tiny models of every architecture, with 64 tokens and a tokenizer that fits.</summary>
internal static class FixtureModel
{
    public const int Vocabulary = 64;

    public static Tokenizer Tokenizer { get; } = Tokenizer.Train(["any text"], 257);

    public static IEnumerable<TheoryDataRow<string>> Names() =>
        Directory.GetDirectories(Path.Combine(Fixture.Folder, "architectures"))
            .Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    public static CausalModel Load(string name, int? context = null)
    {
        using var checkpoint = FolderSource.Open(Path.Combine(Fixture.Folder, "architectures", name));
        var weights = checkpoint.Config.TensorShapes()
            .ToDictionary(tensor => tensor.Name, tensor => SourceTensors.Read(checkpoint, tensor.Name, torch.CPU));
        var config = checkpoint.Config with { EndTokenIds = [0], MaxPositions = context ?? checkpoint.Config.MaxPositions };
        return new CausalModel(config, Tokenizer, weights, torch.CPU);
    }

    public static int[] Ids(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(1, Vocabulary))];

    /// <summary>The logits behind every token, computed without a cache.</summary>
    public static float[][] Logits(CausalModel model, int[] ids)
    {
        using var scope = torch.NewDisposeScope();
        using var decoder = new Decoder(model.Config, model.Weights, null, null, torch.CPU);
        using var block = new TokenBlock([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])], torch.CPU);
        var all = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block)).data<float>().ToArray();
        return [.. all.Chunk(all.Length / ids.Length)];
    }
}
