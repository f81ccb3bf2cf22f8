namespace Kalm.Alignment.Keeping;

/// <summary>What alignment left of the base's language.</summary>
/// <param name="Texts">Texts that were measured and not trained on: what the base wrote itself, or what was given.</param>
/// <param name="PerplexityBefore">The base's perplexity of them.</param>
/// <param name="PerplexityAfter">The result's.</param>
/// <param name="Answers">What both say.</param>
public sealed record KeptLanguage(int Texts, double PerplexityBefore, double PerplexityAfter, IReadOnlyList<KeptAnswer> Answers);

/// <summary>What a prompt is answered with, greedily.</summary>
/// <param name="Prompt">What both models go on from.</param>
/// <param name="Before">The base's answer.</param>
/// <param name="After">The result's.</param>
public sealed record KeptAnswer(string Prompt, string Before, string After);
