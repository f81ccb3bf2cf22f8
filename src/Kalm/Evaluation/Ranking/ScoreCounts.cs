using System.Numerics;

namespace Kalm.Evaluation.Ranking;

/// <summary>What some scores are beside that of the right answer.</summary>
/// <param name="Higher">Entities that score higher.</param>
/// <param name="Equal">Entities that score the same.</param>
/// <param name="Highest">The highest score.</param>
internal readonly record struct ScoreCounts(int Higher, int Equal, float Highest)
{
    /// <summary>Counts, exactly for as many entities as an int holds.</summary>
    /// <param name="scores">A score for each text; none is NaN.</param>
    /// <param name="entities">How many entities have each text.</param>
    /// <param name="goldScore">The right answer's score.</param>
    public static ScoreCounts Of(ReadOnlySpan<float> scores, ReadOnlySpan<int> entities, float goldScore)
    {
        var width = Vector<float>.Count;
        var gold = new Vector<float>(goldScore);
        var (higher, equal, highest) = (Vector<int>.Zero, Vector<int>.Zero, new Vector<float>(float.NegativeInfinity));
        var at = 0;
        for (; at <= scores.Length - width; at += width)
        {
            var score = new Vector<float>(scores[at..]);
            var weight = new Vector<int>(entities[at..]);
            higher += weight & Vector.GreaterThan(score, gold);
            equal += weight & Vector.Equals(score, gold);
            highest = Vector.Max(highest, score);
        }
        var (higherCount, equalCount, best) = (Vector.Sum(higher), Vector.Sum(equal), float.NegativeInfinity);
        for (var lane = 0; lane < width; lane++)
            best = Math.Max(best, highest[lane]);
        for (; at < scores.Length; at++)
        {
            if (scores[at] > goldScore)
                higherCount += entities[at];
            else if (scores[at] == goldScore)
                equalCount += entities[at];
            best = Math.Max(best, scores[at]);
        }
        return new ScoreCounts(higherCount, equalCount, best);
    }
}
