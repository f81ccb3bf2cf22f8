namespace Kalm.Benchmarks;

/// <summary>What the generation benchmark writes.</summary>
/// <param name="Ratio">Batched over uncached, the median of the rounds' ratios.</param>
/// <param name="BatchedTokensPerSecond">Tokens written a second, the median of the rounds.</param>
/// <param name="UncachedTokensPerSecond">Likewise.</param>
/// <param name="BatchedRounds">Each round's.</param>
/// <param name="UncachedRounds">Each round's.</param>
/// <param name="SameAnswers">Questions to which both wrote the same tokens.</param>
/// <param name="Questions">Their number.</param>
/// <param name="Shots">Examples in every prompt.</param>
/// <param name="MeanPromptTokens">Tokens of a prompt.</param>
/// <param name="SharedTokens">Tokens that all prompts begin with.</param>
/// <param name="NewTokens">Tokens written behind each.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="Seed">Draws questions and examples.</param>
/// <param name="Model">The folder, or the preset it was made by.</param>
/// <param name="Parameters">Its size.</param>
/// <param name="Machine">Where.</param>
internal sealed record GenerationResult(
    double Ratio, double BatchedTokensPerSecond, double UncachedTokensPerSecond, IReadOnlyList<double> BatchedRounds,
    IReadOnlyList<double> UncachedRounds, int SameAnswers, int Questions,
    int Shots, double MeanPromptTokens, int SharedTokens, int NewTokens,
    int Rounds, long Seed, string Model, long Parameters, Machine Machine);
