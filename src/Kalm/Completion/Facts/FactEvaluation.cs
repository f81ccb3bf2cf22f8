using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>How good the probabilities of facts are, on a sample of a split (<see cref="FactSample"/>), train alone being known.</summary>
/// <param name="Facts">How many the sample has.</param>
/// <param name="TrueFacts">How many of them are true.</param>
/// <param name="Accuracy">The share told right at a probability of a half.</param>
/// <param name="AreaUnderCurve">That a true fact is surer than a false one (ROC); ties count half.</param>
/// <param name="ErrorBefore">The expected calibration error when the probability of the answer is taken for that of the fact.</param>
/// <param name="Error">The same of the probability of the fact.</param>
/// <param name="Precision">The share of true facts among those stated; null where none is.</param>
/// <param name="Coverage">The share of the true facts that are stated.</param>
/// <param name="Threshold">From which probability they are; null where the validation split shows none.</param>
/// <param name="ReliabilityBefore">The bins of the first error.</param>
/// <param name="Reliability">The bins of the second.</param>
public sealed record FactEvaluation(
    int Facts, int TrueFacts, double Accuracy, double AreaUnderCurve, double ErrorBefore, double Error,
    double? Precision, double Coverage, double? Threshold,
    IReadOnlyList<ReliabilityBin> ReliabilityBefore, IReadOnlyList<ReliabilityBin> Reliability)
{
    /// <summary>Measures, on the model's thread.</summary>
    /// <param name="completer">Knows model, graph and calibration.</param>
    /// <param name="triples">Triples of the split.</param>
    /// <param name="seed">Decides what false facts are made.</param>
    /// <param name="progress">Told how far the work has come.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">The validation split is too small to tell probabilities.</exception>
    public static FactEvaluation Of(
        Completer completer, IReadOnlyList<Triple> triples, int seed, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(completer);
        var (graph, vectors) = (completer.Graph, completer.Index.Vectors);
        var calibration = completer.Index.Calibration.Facts ?? throw new KalmException(
            $"{graph.Path}: the validation split has {graph.Valid.Count:N0} triples; expected more, to fit the probability of a fact");
        var sample = FactSample.Draw(completer.Model, graph, vectors, completer.Facts, triples, seed, cancellation);
        var signs = FactCalibrator.Signs(
            new FactScorer(completer.Model, graph, vectors, completer.Index.Calibration.Temperature), graph, sample.Facts,
            progress, cancellation);
        double[] before = [.. signs.Select(item => Math.Exp(item.ForwardLog))];
        double[] after = [.. signs.Zip(sample.Facts, (item, fact) =>
            calibration.Probability(graph.Relations[fact.Relation].Id, item))];
        var (threshold, labels) = (completer.Statement?.Threshold, sample.Labels);
        var stated = Enumerable.Range(0, after.Length).Where(place => after[place] >= threshold).ToList();
        var all = labels.Count(label => label);
        var (binsBefore, bins) = (ReliabilityBins.Of(before, labels), ReliabilityBins.Of(after, labels));
        return new FactEvaluation(
            labels.Count, all, after.Where((p, place) => p >= 0.5 == labels[place]).Count() / (double)labels.Count, Area(after, labels),
            ReliabilityBins.Error(binsBefore), ReliabilityBins.Error(bins),
            stated.Count == 0 ? null : stated.Count(place => labels[place]) / (double)stated.Count,
            stated.Count(place => labels[place]) / (double)Math.Max(1, all), threshold, binsBefore, bins);
    }

    private static double Area(double[] probabilities, IReadOnlyList<bool> labels)
    {
        // By ranks (Mann and Whitney), equal probabilities sharing theirs.
        var (sum, below) = (0.0, 0);
        foreach (var same in Enumerable.Range(0, labels.Count).GroupBy(place => probabilities[place]).OrderBy(group => group.Key))
        {
            var count = same.Count();
            sum += same.Count(place => labels[place]) * (below + (count + 1) / 2.0);
            below += count;
        }
        double all = labels.Count(label => label);
        return all == 0 || all == labels.Count ? double.NaN : (sum - all * (all + 1) / 2) / (all * (labels.Count - all));
    }
}
