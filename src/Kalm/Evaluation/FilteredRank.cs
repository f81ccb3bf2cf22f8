using Kalm.Evaluation.Ranking;

namespace Kalm.Evaluation;

/// <summary>The rank of the right answer among all candidates but the other known answers, from comparisons alone.</summary>
/// <param name="Optimistic">1 + the number of candidates that score higher: ties count for the answer.</param>
/// <param name="Pessimistic">1 + the number of others that score higher or the same: ties count against it.</param>
public readonly record struct FilteredRank(int Optimistic, int Pessimistic)
{
    /// <summary>The mean of the two: what a random order of the ties gives on average. The default.</summary>
    public double Realistic => (Optimistic + (double)Pessimistic) / 2.0;

    /// <summary>Counts the candidates of one query.</summary>
    /// <param name="scores">A score for every distinct text.</param>
    /// <param name="entities">How many entities have each text.</param>
    /// <param name="textOfEntity">For each entity the number of its text.</param>
    /// <param name="gold">The right answer, an entity.</param>
    /// <param name="known">The known answers of this query, entities; may hold <paramref name="gold"/>.</param>
    public static FilteredRank Of(
        ReadOnlySpan<float> scores, ReadOnlySpan<int> entities, ReadOnlySpan<int> textOfEntity, int gold, ReadOnlySpan<int> known)
    {
        var goldScore = scores[textOfEntity[gold]];
        var (higher, equal, _) = ScoreCounts.Of(scores, entities, goldScore);
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
}
