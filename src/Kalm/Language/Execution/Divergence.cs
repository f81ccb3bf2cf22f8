using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>The Kullback-Leibler divergence of a model's next-token distributions from another's (knowledge distillation, arXiv
/// 1503.02531), with its gradient. The heads run over a portion of the states at a time: two sets of logits over a whole vocabulary are
/// held, never all.</summary>
internal static class Divergence
{
    private const int LogitsAtOnce = 1 << 23;

    /// <summary>Sends the gradient of weight * sum of divergences back.</summary>
    /// <param name="decoder">The model that learns.</param>
    /// <param name="states">Its states, [reads, hidden], with their graph.</param>
    /// <param name="teacher">The other model; only its head is used.</param>
    /// <param name="expected">Its states for the same reads, [reads, hidden].</param>
    /// <param name="weight">What the sum is weighed with.</param>
    /// <param name="vocabulary">The number of logits.</param>
    /// <returns>The sum over the reads, in nats.</returns>
    public static double Backward(Decoder decoder, Tensor states, Decoder teacher, Tensor expected, double weight, int vocabulary)
    {
        using var scope = NewDisposeScope();
        using var factor = weight.ToScalar();
        var leaf = states.detach().requires_grad_();
        var portion = Math.Max(1, LogitsAtOnce / vocabulary);
        var sum = 0.0;
        for (long start = 0; start < leaf.shape[0]; start += portion)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(portion, leaf.shape[0] - start);
            var target = LogProbabilities(teacher, expected.narrow(0, start, count));
            var logits = decoder.Logits(leaf.narrow(0, start, count)).to(ScalarType.Float32);
            var divergence = nn.functional.kl_div(logits.log_softmax(1), target, log_target: true, reduction: nn.Reduction.Sum);
            divergence.mul(factor).backward();
            sum += divergence.ReadNumber();
        }
        autograd.backward([states], [leaf.grad!]);
        return sum;
    }

    private static Tensor LogProbabilities(Decoder teacher, Tensor states)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return teacher.Logits(states).to(ScalarType.Float32).log_softmax(1).MoveToOuterDisposeScope();
    }
}
