using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The running mean of the learned values over the steps, which generalises better than the last of them (arXiv 1803.05407,
/// with exponential weights). Early means forget faster, so that the start does not stay in them.</summary>
/// <param name="learned">The values; not owned.</param>
/// <param name="decay">The share of the mean that a step keeps; 0 for no mean.</param>
internal sealed class ExponentialMovingAverage(ParameterSet learned, double decay) : IDisposable
{
    private const double Warmup = 10;

    /// <summary>The mean, flat, as the learned values; null when there is none. Owned by this object.</summary>
    public Tensor? Values { get; } = decay > 0 ? learned.Values.clone().DetachFromDisposeScope() : null;

    /// <summary>Adds the learned values.</summary>
    /// <param name="step">The step that was just taken, from 0.</param>
    public void Update(int step)
    {
        if (Values is null)
            return;
        using var noGradient = no_grad();
        var kept = Math.Min(decay, (1 + step) / (Warmup + step));
        using var share = kept.ToScalar();
        using var rest = (1 - kept).ToScalar();
        Values.mul_(share).add_(learned.Values, rest);
    }

    /// <summary>Puts the mean in the learned values' place until the result is disposed.</summary>
    public IDisposable Use() => new Exchange(learned.Values, Values);

    /// <inheritdoc/>
    public void Dispose() => Values?.Dispose();

    private sealed class Exchange : IDisposable
    {
        private readonly Tensor values;
        private readonly Tensor? kept;

        public Exchange(Tensor values, Tensor? average)
        {
            this.values = values;
            if (average is null)
                return;
            using var noGradient = no_grad();
            kept = values.clone().DetachFromDisposeScope();
            values.copy_(average);
        }

        public void Dispose()
        {
            if (kept is null)
                return;
            using var noGradient = no_grad();
            values.copy_(kept);
            kept.Dispose();
        }
    }
}
