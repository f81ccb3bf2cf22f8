using System.Runtime.InteropServices;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Tokenization;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Sources.Gguf;

/// <summary>Runs models that are in GGUF.</summary>
internal static class GgufModels
{
    private static readonly Tokenizer AnyTokenizer = Tokenizer.Train(["any text"], 257);

    /// <summary>The negative log-likelihood of each token but the first.</summary>
    public static double[] Likelihoods(GgufModel model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        var weights = model.Config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => Read(model, tensor.Name));
        using var causal = new CausalModel(model.Config, AnyTokenizer, weights, CPU);
        using var decoder = new Decoder(causal.Config, causal.Weights, null, null, CPU);
        using var block = new TokenBlock([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])], CPU);
        var logits = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block));
        var chances = nn.functional.log_softmax(logits.to(ScalarType.Float64), -1).narrow(0, 0, ids.Length - 1);
        using var next = tensor(ids[1..], dtype: ScalarType.Int64).unsqueeze(1);
        return chances.gather(1, next).flatten().data<double>().Select(chance => -chance).ToArray();
    }

    private static Tensor Read(GgufModel model, string name)
    {
        var tensor = model.TryFind(name)!;
        var values = empty([.. tensor.Shape], ScalarType.Float32);
        model.ReadSingles(tensor, 0, MemoryMarshal.Cast<byte, float>(values.bytes));
        return values.DetachFromDisposeScope();
    }
}
