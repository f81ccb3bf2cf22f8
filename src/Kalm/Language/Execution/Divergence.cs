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
        HeadPortions.Backward(decoder, states, multiple: 1, weight, (logits, start, count) =>
        {
            using var scope = NewDisposeScope();
            var target = LogProbabilities(teacher, expected.narrow(0, start, count));
            var own = logits.to(ScalarType.Float32).log_softmax(1);
            return nn.functional.kl_div(own, target, log_target: true, reduction: nn.Reduction.Sum).MoveToOuterDisposeScope();
        });

    private static Tensor LogProbabilities(Decoder teacher, Tensor states)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return teacher.Logits(states).to(ScalarType.Float32).log_softmax(1).MoveToOuterDisposeScope();
    }
}
