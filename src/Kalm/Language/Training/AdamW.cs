using Kalm.Engine;
using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Training;

/// <summary>AdamW (arXiv 1711.05101) on one flat buffer: decoupled weight decay on matrices only. The layers' matrices may take
/// <see cref="Muon"/>'s steps instead.</summary>
public sealed class AdamW : IDisposable
{
    private const double FirstDecay = 0.9;
    private const double Epsilon = 1e-8;
    private readonly ParameterSet parameters;
    private readonly double secondDecay;
    private readonly double weightDecay;
    private readonly long start;
    private readonly Tensor buffer;

    /// <summary>Starts with zero moments.</summary>
    /// <param name="parameters">What is learned; not owned.</param>
    /// <param name="weightDecay">The decay, multiplied by the learning rate in each step.</param>
    /// <param name="secondDecay">beta 2.</param>
    /// <param name="muon">Whether the layers' matrices take Muon's steps.</param>
    public AdamW(ParameterSet parameters, double weightDecay, double secondDecay = 0.999, bool muon = false)
    {
        start = muon ? parameters.LayerMatrixCount : 0;
        this.parameters = parameters;
        this.weightDecay = weightDecay;
        this.secondDecay = secondDecay;
        FirstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        buffer = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <summary>The number of steps taken; set when moments are restored.</summary>
    public int StepCount { get; set; }

    /// <summary>The running mean of gradients, flat. Owned by this object.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The running mean of squared gradients, flat. Owned by this object.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Scales the gradient down so that its norm is at most <paramref name="limit"/>, as in-place work on the gradient.</summary>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(Tensor gradient, double limit)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var norm = gradient.norm().ReadNumber();
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
        if (start > 0)
            Muon.Step(parameters, FirstMoment, gradient, rate);
        var (first, second, root, given) = (Rest(FirstMoment), Rest(SecondMoment), Rest(buffer), Rest(gradient));
        first.mul_(firstKept).add_(given, firstNew);
        second.mul_(secondKept).addcmul_(given, given, secondNew);
        root.copy_(second).sqrt_().div_(secondBias).PlusInPlace(epsilon);
        Rest(parameters.Values).addcdiv_(first, root, move);
    }

    private Tensor Rest(Tensor flat) => flat.narrow(0, start, flat.numel() - start);

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        buffer.Dispose();
    }
}
