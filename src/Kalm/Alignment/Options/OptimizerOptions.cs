using Kalm.Language.Model;

namespace Kalm.Alignment.Options;

/// <summary>How learned weights are moved.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW (arXiv 1711.05101).</summary>
    Adamw,

    /// <summary>Muon (arXiv 2502.16982) for the layers' matrices, AdamW for the rest; only with method full.</summary>
    Muon,
}

/// <summary>The optimizer, its schedule and what steadies it.</summary>
public sealed record OptimizerOptions
{
    /// <summary>How learned weights are moved.</summary>
    public OptimizerKind Kind { get; init; }

    /// <summary>The highest learning rate; null takes 2e-3 for a base that was made to write, else 3e-3, which suits models of a few
    /// million parameters.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; } = 50;

    /// <summary>The last learning rate as a share of the highest.</summary>
    public double FinalRateShare { get; init; } = 0.05;

    /// <summary>AdamW's decay of matrices; norms, biases and the temperature do not decay.</summary>
    public double WeightDecay { get; init; } = 1e-3;

    /// <summary>The largest gradient norm.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>The decay a step of the exponential moving average of the learned values, which is what is validated and kept; 0 takes the
    /// values themselves.</summary>
    public double EmaDecay { get; init; }

    /// <summary>The dropout on what each layer's attention and feed-forward part add to the states.</summary>
    public double Dropout { get; init; }

    /// <summary>In which precision a training step multiplies matrices on a CPU; null takes bf16 for a base that was made to write, where
    /// the processor has instructions for it, else fp32. Validation takes F32.</summary>
    public ProductPrecision? ProductPrecision { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(LearningRate is null or > 0, "optimizer.learning_rate", LearningRate, "more than 0");
        AlignmentOptions.Require(WarmupSteps >= 0, "optimizer.warmup_steps", WarmupSteps, "0 or more");
        AlignmentOptions.Require(FinalRateShare is >= 0 and <= 1, "optimizer.final_rate_share", FinalRateShare, "0..1");
        AlignmentOptions.Require(WeightDecay >= 0, "optimizer.weight_decay", WeightDecay, "0 or more");
        AlignmentOptions.Require(ClipNorm > 0, "optimizer.clip_norm", ClipNorm, "more than 0");
        AlignmentOptions.Require(EmaDecay is >= 0 and < 1, "optimizer.ema_decay", EmaDecay, "0 or more, below 1");
        AlignmentOptions.Require(Dropout is >= 0 and < 1, "optimizer.dropout", Dropout, "0 or more, below 1");
    }
}
