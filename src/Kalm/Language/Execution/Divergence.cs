using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>The Kullback-Leibler divergence of a model's next-token distributions from another's (knowledge distillation, arXiv
/// 1503.02531), with its gradient.</summary>
internal static class Divergence
{
    /// <summary>Sends the gradient of weight * sum of divergences back.</summary>
    /// <param name="decoder">The model that learns.</param>
    /// <param name="states">Its states, [reads, hidden], with their graph.</param>
    /// <param name="teacher">The other model; only its head is used.</param>
    /// <param name="expected">Its states for the same reads, [reads, hidden].</param>
    /// <param name="weight">What the sum is weighed with.</param>
    /// <returns>The sum over the reads, in nats.</returns>
    public static double Backward(Decoder decoder, Tensor states, Decoder teacher, Tensor expected, double weight) =>
        HeadPortions.Backward(decoder, states, multiple: 1, (logits, start, count) =>
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var theirs = teacher.Logits(expected.narrow(0, start, count)).to(ScalarType.Float32).contiguous();
            return decoder.Kernels.DivergenceGradient(logits, theirs, weight);
        });
}
