using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>Writing as a script without a cache does it: one prompt at a time, and for every token the whole text is computed again. All
/// threads work inside each operation. The head runs over the last token alone, which flatters it.</summary>
internal sealed class UncachedGeneration(CausalModel model, int threads) : IDisposable
{
    private readonly Decoder decoder = new(model.Config, model.Weights, null, null, CPU);

    /// <summary>Always takes the likeliest token.</summary>
    public int[] Continue(int[] prompt, int count)
    {
        set_num_threads(threads);
        using var noGradient = no_grad();
        var text = prompt.ToList();
        for (var written = 0; written < count; written++)
        {
            using var scope = NewDisposeScope();
            using var block = new TokenBlock([TokenRow.Sequence([.. text], [text.Count - 1])], CPU);
            var states = decoder.Read(decoder.Embed(block.Tokens), block);
            text.Add((int)decoder.Logits(states).argmax(-1).ReadNumber());
        }
        return [.. text.Skip(prompt.Length)];
    }

    public void Dispose() => decoder.Dispose();
}
