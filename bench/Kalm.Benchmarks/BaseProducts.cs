using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>The products of a step of LoRA with the base's matrices, forward and back to the inputs, and nothing else: the numbers of
/// rows, the matrices and the number of workers are those of the step.</summary>
internal static class BaseProducts
{
    /// <summary>How long they take.</summary>
    /// <param name="held">The base.</param>
    /// <param name="blocks">For each worker the tokens of its blocks.</param>
    /// <returns>Seconds.</returns>
    public static double Seconds(CausalModel held, IReadOnlyList<IReadOnlyList<long>> blocks)
    {
        var layers = Enumerable.Range(0, held.Config.LayerCount)
            .Select(layer => held.Weights.Where(weight => weight.Key.StartsWith($"{TensorNames.LayerPrefix}{layer}.", StringComparison.Ordinal)
                && weight.Value.shape.Length == 2).Select(weight => weight.Value).ToArray()).ToArray();
        return Measured.Seconds(() => Parallel.For(0, blocks.Count, new ParallelOptions { MaxDegreeOfParallelism = blocks.Count }, worker =>
        {
            EngineThreads.Use(1);
            using var noGradient = no_grad();
            foreach (var tokens in blocks[worker])
            {
                using var scope = NewDisposeScope();
                var rows = layers[0].SelectMany(weight => weight.shape).Distinct()
                    .ToDictionary(width => width, width => ones([tokens, width], layers[0][0].dtype));
                foreach (var weight in layers.SelectMany(layer => layer))
                    nn.functional.linear(rows[weight.shape[1]], weight).Dispose();
                foreach (var weight in layers.Reverse().SelectMany(layer => layer.Reverse()))
                    rows[weight.shape[0]].mm(weight).Dispose();
            }
        }));
    }
}
