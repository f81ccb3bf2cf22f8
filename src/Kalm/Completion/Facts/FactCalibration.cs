namespace Kalm.Completion.Facts;

/// <summary>How a relation's facts differ from what holds of all: its log-odds are slope times theirs, plus shift (Platt scaling, drawn to
/// 1 and 0 where there is little data).</summary>
/// <param name="Slope">1 where the relation is like all.</param>
/// <param name="Shift">In nats; 0 where it is.</param>
public sealed record RelationFit(double Slope, double Shift);

/// <summary>What a wanted precision takes.</summary>
/// <param name="Precision">The share of true facts among those stated.</param>
/// <param name="Threshold">The least probability of a stated fact.</param>
/// <param name="Coverage">The share of the true facts that are then stated.</param>
public sealed record PrecisionPoint(double Precision, double Threshold, double Coverage);

/// <summary>Facts whose probabilities lie close together.</summary>
/// <param name="Facts">How many.</param>
/// <param name="Probability">Their mean probability.</param>
/// <param name="Share">The share of them that is true.</param>
public sealed record ReliabilityBin(int Facts, double Probability, double Share);

/// <summary>How the signs of a fact become the probability that it is true: a logistic regression over all relations, then one of its
/// log-odds for each relation.</summary>
/// <param name="Means">Of each sign over the sample.</param>
/// <param name="Scales">Its standard deviation; 1 where it does not vary.</param>
/// <param name="Weights">Of the scaled signs, and last the constant.</param>
/// <param name="Relations">By the relation's id.</param>
/// <param name="Points">Thresholds for precisions that can be reached, the least precision first.</param>
/// <param name="FalseBelow">Below this a fact counts as false: one in twenty true ones lies there.</param>
/// <param name="Facts">The facts it was fitted on.</param>
/// <param name="TrueFacts">How many of them are true.</param>
/// <param name="ErrorBefore">The expected calibration error over ten bins (arXiv 1706.04599) when the probability of the answer is taken
/// for that of the fact.</param>
/// <param name="Error">The same of these probabilities, each fitted without its triple.</param>
/// <param name="Reliability">The bins that hold facts, the least probable first.</param>
public sealed record FactCalibration(
    double[] Means, double[] Scales, double[] Weights, IReadOnlyDictionary<string, RelationFit> Relations,
    IReadOnlyList<PrecisionPoint> Points, double FalseBelow, int Facts, int TrueFacts, double ErrorBefore, double Error,
    IReadOnlyList<ReliabilityBin> Reliability)
{
    /// <summary>The precision of what is stated where none is asked for.</summary>
    public const double DefaultPrecision = 0.8;

    /// <summary>The probability that a fact is true.</summary>
    /// <param name="relation">The relation's id.</param>
    /// <param name="signs">What tells.</param>
    public double Probability(string relation, FactSigns signs)
    {
        ArgumentNullException.ThrowIfNull(signs);
        var logit = LogisticFit.Product(Weights, Scaled(signs.ToArray()));
        return LogisticFit.Sigmoid(Relations.TryGetValue(relation, out var fit) ? fit.Slope * logit + fit.Shift : logit);
    }

    /// <summary>What it takes for a fact to be stated with a wanted precision; null where it is not reached on the sample.</summary>
    public PrecisionPoint? Statement(double precision = DefaultPrecision) =>
        Points.FirstOrDefault(point => point.Precision >= precision - 1e-9);

    /// <summary>The signs on the scale of the weights, a 1 behind them.</summary>
    internal double[] Scaled(double[] signs)
    {
        var row = new double[signs.Length + 1];
        for (var index = 0; index < signs.Length; index++)
            row[index] = (signs[index] - Means[index]) / Scales[index];
        row[^1] = 1;
        return row;
    }
}
