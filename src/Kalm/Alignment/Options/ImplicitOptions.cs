namespace Kalm.Alignment.Options;

/// <summary>The implicit (language-model) loss.</summary>
public sealed record ImplicitOptions
{
    /// <summary>lambda, its weight; 0 leaves it out.</summary>
    public double Weight { get; init; } = 0.05;

    /// <summary>The share of directed rows that a step also trains as prompts.</summary>
    public double Share { get; init; } = 0.03125;

    /// <summary>What is asked in those prompts.</summary>
    public PromptMixture Prompts { get; init; } = new();

    internal void Require()
    {
        AlignmentOptions.Require(Weight >= 0, "implicit.weight", Weight, "0 or more");
        AlignmentOptions.Require(Share is >= 0 and <= 1, "implicit.share", Share, "0..1");
        Prompts.Require();
    }
}
