using Kalm.Language.Model;

namespace Kalm.Language.Pretraining;

/// <summary>How a base model is made.</summary>
public sealed record PretrainingOptions
{
    /// <summary>The size.</summary>
    public ModelPreset Preset { get; init; } = ModelPreset.All[0];

    /// <summary>Training steps; at most one of steps and minutes is set.</summary>
    public int? Steps { get; init; }

    /// <summary>Wall time from the texts to the written model, in minutes.</summary>
    public double? Minutes { get; init; }

    /// <summary>Write a checkpoint every so many steps, where steps are kept; null writes one a minute.</summary>
    public int? SaveEvery { get; init; }

    /// <summary>Decides the initial weights and the order of the texts.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>CPU threads; null takes all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>In which precision matrices are multiplied on a CPU.</summary>
    public ProductPrecision ProductPrecision { get; init; }

    /// <summary>Tokens in a step.</summary>
    public int BatchTokens { get; init; } = 2048;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; } = 30;

    /// <summary>AdamW's decay of matrices.</summary>
    public double WeightDecay { get; init; } = 0.01;
}
