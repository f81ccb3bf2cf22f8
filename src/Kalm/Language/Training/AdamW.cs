using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Training;

/// <summary>AdamW (arXiv 1711.05101) on one flat buffer: decoupled weight decay on matrices only.</summary>
public sealed class AdamW : IDisposable
{
    private const double FirstDecay = 0.9;
    private const double Epsilon = 1e-8;
    private readonly ParameterSet parameters;
    private readonly double secondDecay;
    private readonly double weightDecay;
    private readonly Tensor first;
    private readonly Tensor second;
    private readonly Tensor buffer;

    /// <summary>Starts with zero moments.</summary>
    /// <param name="parameters">What is learned; not owned.</param>
    /// <param name="weightDecay">The decay, multiplied by the learning rate in each step.</param>
    /// <param name="secondDecay">beta 2.</param>
    public AdamW(ParameterSet parameters, double weightDecay, double secondDecay = 0.999)
    {
        this.parameters = parameters;
        this.weightDecay = weightDecay;
        this.secondDecay = secondDecay;
        first = zeros_like(parameters.Values).DetachFromDisposeScope();
        second = zeros_like(parameters.Values).DetachFromDisposeScope();
        buffer = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <summary>The number of steps taken.</summary>
    public int StepCount { get; private set; }

    /// <summary>Scales the gradient down so that its norm is at most <paramref name="limit"/>, as in-place work on the gradient.</summary>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(Tensor gradient, double limit)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var norm = gradient.norm().ToDouble();
        if (norm > limit)
        {
            using var factor = (limit / (norm + 1e-6)).ToScalar();
            gradient.mul_(factor);
        }
        return norm;
    }

    /// <summary>Updates the parameters in place.</summary>
    /// <param name="gradient">Flat, as <see cref="ParameterSet.Values"/>.</param>
    /// <param name="rate">The learning rate of this step.</param>
    public void Step(Tensor gradient, double rate)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        StepCount++;
        using var shrink = (1 - rate * weightDecay).ToScalar();
        using var firstKept = FirstDecay.ToScalar();
        using var firstNew = (1 - FirstDecay).ToScalar();
        using var secondKept = secondDecay.ToScalar();
        using var secondNew = (1 - secondDecay).ToScalar();
        using var secondBias = Math.Sqrt(1 - Math.Pow(secondDecay, StepCount)).ToScalar();
        using var epsilon = Epsilon.ToScalar();
        using var move = (-rate / (1 - Math.Pow(FirstDecay, StepCount))).ToScalar();
        if (parameters.DecayedCount > 0)
            parameters.Values.narrow(0, 0, parameters.DecayedCount).mul_(shrink);
        first.mul_(firstKept).add_(gradient, firstNew);
        second.mul_(secondKept).addcmul_(gradient, gradient, secondNew);
        buffer.copy_(second).sqrt_().div_(secondBias).add_(epsilon);
        parameters.Values.addcdiv_(first, buffer, move);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        buffer.Dispose();
    }
}
