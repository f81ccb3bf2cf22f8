namespace Kalm.Completion.Facts;

/// <summary>How far probabilities are from what came true.</summary>
public static class ReliabilityBins
{
    private const int BinCount = 10;

    // Fewer stated facts would show a precision by luck.
    private const int FewestStated = 10;

    /// <summary>Sorts facts into ten bins of equal width by their probability.</summary>
    /// <returns>The bins that hold some, the least probable first.</returns>
    public static IReadOnlyList<ReliabilityBin> Of(IReadOnlyList<double> probabilities, IReadOnlyList<bool> labels) =>
        [.. probabilities.Zip(labels).GroupBy(item => Math.Min((int)(item.First * BinCount), BinCount - 1)).OrderBy(bin => bin.Key)
            .Select(bin => new ReliabilityBin(
                bin.Count(), bin.Average(item => item.First), bin.Average(item => item.Second ? 1.0 : 0)))];

    /// <summary>The expected calibration error (arXiv 1706.04599): the mean over the facts of how far their bin's probability is from its
    /// share of true facts.</summary>
    public static double Error(IReadOnlyList<ReliabilityBin> bins)
    {
        ArgumentNullException.ThrowIfNull(bins);
        return bins.Sum(bin => bin.Facts * Math.Abs(bin.Probability - bin.Share)) / Math.Max(1, bins.Sum(bin => bin.Facts));
    }

    /// <summary>The lowest threshold that reaches a precision on a sample, with at least ten facts stated; null for none.</summary>
    public static PrecisionPoint? Point(double precision, IReadOnlyList<double> probabilities, IReadOnlyList<bool> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        PrecisionPoint? best = null;
        var (stated, right, all) = (0, 0, labels.Count(label => label));
        var falling = probabilities.Zip(labels).OrderByDescending(item => item.First).ToList();
        for (var place = 0; place < falling.Count; place++)
        {
            (stated, right) = (stated + 1, right + (falling[place].Second ? 1 : 0));
            // Equal probabilities are stated together.
            if (place + 1 < falling.Count && falling[place + 1].First == falling[place].First)
                continue;
            if (stated >= FewestStated && (double)right / stated >= precision)
                best = new PrecisionPoint(precision, falling[place].First, (double)right / all);
        }
        return best;
    }
}
