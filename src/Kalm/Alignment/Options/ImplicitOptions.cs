namespace Kalm.Alignment.Options;

/// <summary>The implicit (language-model) loss.</summary>
public sealed record ImplicitOptions
{
    /// <summary>lambda, its weight; 0 leaves it out; null takes 0.5 for a base that was made to write, else 0.05.</summary>
    public double? Weight { get; init; }

    /// <summary>The share of directed rows that a step also trains as prompts; null takes 1/16 for a base that was made to write, else
    /// 1/32.</summary>
    public double? Share { get; init; }

    /// <summary>What is asked in those prompts.</summary>
    public PromptMixture Prompts { get; init; } = new();

    internal void Require()
    {
        AlignmentOptions.Require(Weight is null or >= 0, "implicit.weight", Weight, "0 or more");
        AlignmentOptions.Require(Share is null or >= 0 and <= 1, "implicit.share", Share, "0..1");
        Prompts.Require();
    }
}
