namespace Kalm.Benchmarks;

/// <summary>What the cost benchmark writes. A triple is learned in both directions: two directed rows, on either side.</summary>
/// <param name="TokensRatio">All tokens through the body per triple, ours over theirs, padding and prompts included on both sides.</param>
/// <param name="ContrastiveTokensRatio">The same without prompts.</param>
/// <param name="TimeRatio">Time per triple, theirs over ours, the median of the rounds' ratios.</param>
/// <param name="TimeRatioFp32">The same with our products in fp32 as theirs are, whatever the recipe says.</param>
/// <param name="GemmShare">(6 x body parameters x real tokens + attention + head) / time over the best product.</param>
/// <param name="GemmShareComputed">The same without the part of the last layer that is not computed.</param>
/// <param name="Preset">The model of the ratios.</param>
/// <param name="Recipe">Ours; null for the default options.</param>
/// <param name="Theirs">Measurements.</param>
/// <param name="Ours">Measurements.</param>
/// <param name="Gemm">The step that the share is taken of.</param>
/// <param name="Machine">Where.</param>
/// <param name="Seed">Decides weights and batches.</param>
/// <param name="Assumptions">How the authors' recipe was read.</param>
internal sealed record CostResult(
    double TokensRatio, double ContrastiveTokensRatio, double TimeRatio, double TimeRatioFp32,
    double GemmShare, double GemmShareComputed, string Preset, string? Recipe,
    RecipeCost Theirs, RecipeCost Ours, GemmCost Gemm, Machine Machine, long Seed, IReadOnlyList<string> Assumptions);

/// <summary>What one recipe costs.</summary>
/// <param name="RowsPerStep">Directed rows a step.</param>
/// <param name="Steps">Steps measured.</param>
/// <param name="TokensPerTriple">Through the body, padding included.</param>
/// <param name="ContrastiveTokensPerTriple">The same without prompts.</param>
/// <param name="RealTokensPerTriple">Padding not counted; null where it was not counted apart.</param>
/// <param name="SecondsPerTriple">The median of the rounds.</param>
/// <param name="Rounds">Each round's seconds per triple.</param>
/// <param name="PeakMebibytes">The highest resident size of the process.</param>
internal sealed record RecipeCost(
    int RowsPerStep, int Steps, double TokensPerTriple, double ContrastiveTokensPerTriple,
    double? RealTokensPerTriple, double SecondsPerTriple,
    IReadOnlyList<double> Rounds, double? PeakMebibytes);

/// <summary>A step on its way to the machine's peak.</summary>
/// <param name="Preset">The model.</param>
/// <param name="BodyParameters">Parameters besides the embedding.</param>
/// <param name="TokensPerStep">Real tokens.</param>
/// <param name="TeraFlopPerStep">By the formula.</param>
/// <param name="ComputedTeraFlopPerStep">Really computed.</param>
/// <param name="SecondsPerStep">The median of the rounds.</param>
/// <param name="Rounds">Each round's seconds a step.</param>
/// <param name="PeakMebibytes">The highest resident size of the process.</param>
internal sealed record GemmCost(
    string Preset, long BodyParameters, double TokensPerStep, double TeraFlopPerStep, double ComputedTeraFlopPerStep, double SecondsPerStep,
    IReadOnlyList<double> Rounds, double? PeakMebibytes);
