using Kalm.Completion.Facts;

namespace Kalm.Completion;

/// <summary>How cosines become probabilities: the softmax at a temperature fitted on the validation split (temperature scaling, arXiv
/// 1706.04599).</summary>
/// <param name="Temperature">For entities.</param>
/// <param name="RelationTemperature">For relations.</param>
/// <param name="Queries">The validation queries it was fitted on; 0 when there are none and both are the temperature as trained.</param>
/// <param name="NegativeLogLikelihood">The mean of -log p(answer) over those queries, in nats; null without any.</param>
/// <param name="NegativeLogLikelihoodAsTrained">The same at the temperature as trained.</param>
/// <param name="Facts">How sure a fact is; null where the validation split is too small to tell.</param>
public sealed record Calibration(
    double Temperature, double RelationTemperature, int Queries, double? NegativeLogLikelihood, double? NegativeLogLikelihoodAsTrained,
    FactCalibration? Facts = null)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "calibration.json";

    /// <summary>What serves where there is nothing to fit to.</summary>
    public static Calibration AsTrained(double temperature) => new(temperature, temperature, 0, null, null);
}
