using System.Numerics;

namespace Kalm.Evaluation;

/// <summary>The rank of the right answer among all candidates but the other known answers, from comparisons alone.</summary>
/// <param name="Optimistic">1 + the number of candidates that score higher: ties count for the answer.</param>
/// <param name="Pessimistic">1 + the number of others that score higher or the same: ties count against it.</param>
public readonly record struct FilteredRank(int Optimistic, int Pessimistic)
{
    /// <summary>The mean of the two: what a random order of the ties gives on average. The default.</summary>
    public double Realistic => (Optimistic + Pessimistic) / 2.0;

    /// <summary>Counts the candidates of one query.</summary>
    /// <param name="scores">A score for every distinct text.</param>
    /// <param name="entities">How many entities have each text, as floats (exact below 2^24).</param>
    /// <param name="textOfEntity">For each entity the number of its text.</param>
    /// <param name="gold">The right answer, an entity.</param>
    /// <param name="known">The known answers of this query, entities; may hold <paramref name="gold"/>.</param>
    public static FilteredRank Of(
        ReadOnlySpan<float> scores, ReadOnlySpan<float> entities, ReadOnlySpan<int> textOfEntity, int gold, ReadOnlySpan<int> known)
    {
        var goldScore = scores[textOfEntity[gold]];
        var (higher, equal) = Compare(scores, entities, goldScore);
        foreach (var answer in known)
        {
            if (answer == gold)
                continue;
            var score = scores[textOfEntity[answer]];
            if (score > goldScore)
                higher--;
            else if (score == goldScore)
                equal--;
        }
        return new FilteredRank(1 + higher, higher + equal);
    }

    private static (int Higher, int Equal) Compare(ReadOnlySpan<float> scores, ReadOnlySpan<float> entities, float goldScore)
    {
        var width = Vector<float>.Count;
        var gold = new Vector<float>(goldScore);
        var higher = Vector<float>.Zero;
        var equal = Vector<float>.Zero;
        var at = 0;
        for (; at <= scores.Length - width; at += width)
        {
            var score = new Vector<float>(scores[at..]);
            var weight = new Vector<float>(entities[at..]);
            higher += Vector.ConditionalSelect(Vector.GreaterThan(score, gold), weight, Vector<float>.Zero);
            equal += Vector.ConditionalSelect(Vector.Equals(score, gold), weight, Vector<float>.Zero);
        }
        var (higherCount, equalCount) = ((int)Vector.Sum(higher), (int)Vector.Sum(equal));
        for (; at < scores.Length; at++)
        {
            if (scores[at] > goldScore)
                higherCount += (int)entities[at];
            else if (scores[at] == goldScore)
                equalCount += (int)entities[at];
        }
        return (higherCount, equalCount);
    }
}
