namespace Kalm.Completion;

/// <summary>Fits a temperature to scored queries by their likelihood. Scores are counted in bins, so that a million candidates cost no more
/// memory than a thousand.</summary>
public sealed class TemperatureFit
{
    /// <summary>A finer one would fit noise: at a cosine's accuracy in F32 nothing is told apart below it.</summary>
    public const double Lowest = 0.005;

    private const double Highest = 5;
    private const int Bins = 4096;
    private const int Steps = 48;
    private readonly List<(int[] Rivals, double Answer)> queries = [];

    /// <summary>The number of queries.</summary>
    public int Count => queries.Count;

    /// <summary>Adds a query.</summary>
    /// <param name="scores">The cosines of all candidates.</param>
    /// <param name="answer">The right one.</param>
    /// <param name="leftOut">Candidates that do not count, ascending; the answer itself may be among them.</param>
    public void Add(ReadOnlySpan<float> scores, int answer, ReadOnlySpan<int> leftOut)
    {
        var rivals = new int[Bins];
        for (var candidate = 0; candidate < scores.Length; candidate++)
            if (candidate != answer && leftOut.BinarySearch(candidate) < 0)
                rivals[BinOf(scores[candidate])]++;
        queries.Add((rivals, scores[answer]));
    }

    /// <summary>The mean of -log p(answer), in nats.</summary>
    public double Loss(double temperature)
    {
        // Relative to a cosine of 1, so that no power overflows.
        var powers = new double[Bins];
        for (var bin = 0; bin < Bins; bin++)
            powers[bin] = Math.Exp((ScoreOf(bin) - 1) / temperature);
        var total = 0.0;
        foreach (var (rivals, answer) in queries)
        {
            var own = (answer - 1) / temperature;
            var sum = Math.Exp(own);
            for (var bin = 0; bin < Bins; bin++)
                sum += rivals[bin] * powers[bin];
            total += Math.Log(sum) - own;
        }
        return total / queries.Count;
    }

    /// <summary>The temperature of the least loss, which has one minimum in 1 / temperature, by golden section over its
    /// logarithm.</summary>
    public double Best()
    {
        var ratio = (Math.Sqrt(5) - 1) / 2;
        var (low, high) = (Math.Log(Lowest), Math.Log(Highest));
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        var (leftLoss, rightLoss) = (Loss(Math.Exp(left)), Loss(Math.Exp(right)));
        for (var step = 0; step < Steps; step++)
            if (leftLoss <= rightLoss)
            {
                (high, right, rightLoss) = (right, left, leftLoss);
                leftLoss = Loss(Math.Exp(left = high - ratio * (high - low)));
            }
            else
            {
                (low, left, leftLoss) = (left, right, rightLoss);
                rightLoss = Loss(Math.Exp(right = low + ratio * (high - low)));
            }
        return Math.Exp((low + high) / 2);
    }

    private static int BinOf(double score) => Math.Clamp((int)((score + 1) / 2 * Bins), 0, Bins - 1);

    private static double ScoreOf(int bin) => (bin + 0.5) / Bins * 2 - 1;
}
