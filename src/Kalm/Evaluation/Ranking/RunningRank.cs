using Kalm.Graph;

namespace Kalm.Evaluation.Ranking;

/// <summary>The rank of one query's answer while the scores of the texts come block by block, in their order.</summary>
/// <param name="query">The query.</param>
/// <param name="known">Its known answers: their texts.</param>
/// <param name="facts">The known answers themselves.</param>
/// <param name="texts">The entities of the texts.</param>
/// <param name="depth">How many of the best candidates are kept.</param>
internal sealed class RunningRank(CompletionQuery query, int[] known, KnownFacts facts, TextEntities texts, int depth = 0)
{
    private readonly List<ScoredEntity> nearest = new(depth);
    private readonly int goldText = texts.TextOfEntity[query.Answer];
    private int higher;
    private int equal;
    private int next;
    private int best = query.Answer;
    private float bestScore;

    /// <summary>The score of the answer, which is given before any block.</summary>
    public float GoldScore
    {
        get;
        set => field = bestScore = value;
    }

    /// <summary>The texts of known answers, ascending, an entry for each answer.</summary>
    /// <param name="answers">The answers.</param>
    /// <param name="texts">The entities of the texts.</param>
    public static int[] TextsOf(ReadOnlySpan<int> answers, TextEntities texts)
    {
        var (found, count) = (new int[answers.Length], 0);
        foreach (var answer in answers)
            if (texts.IsCandidate(answer))
                found[count++] = texts.TextOfEntity[answer];
        Array.Resize(ref found, count);
        // Texts are numbered in the order of the entities, so that only twins stand out of it.
        Array.Sort(found);
        return found;
    }

    /// <summary>Takes the scores of a block, and may overwrite some of them.</summary>
    /// <param name="scores">The scores of the block's texts.</param>
    /// <param name="start">The first of these texts.</param>
    public void Take(Span<float> scores, int start)
    {
        var end = start + scores.Length;
        if (texts.IsSelection)
            for (var index = 0; index < scores.Length; index++)
                if (texts.Counts[start + index] == 0)
                    scores[index] = float.NegativeInfinity;
        if (goldText >= start && goldText < end)
            scores[goldText - start] = GoldScore;
        while (next < known.Length && known[next] < end)
        {
            var (text, first) = (known[next], next);
            while (next < known.Length && known[next] == text)
                next++;
            LeaveOut(text, next - first, ref scores[text - start]);
        }
        var counts = ScoreCounts.Of(scores, texts.Counts.AsSpan(start, scores.Length), GoldScore);
        higher += counts.Higher;
        equal += counts.Equal;
        if (counts.Highest > GoldScore && counts.Highest >= bestScore)
            TakeBest(scores, start, counts.Highest);
        if (depth > 0)
            TakeNearest(scores, start);
    }

    /// <summary>What came of it, behind the last block.</summary>
    public RankedQuery Finish() => new(query, new FilteredRank(1 + higher, higher + equal), GoldScore, best)
    {
        Nearest = depth == 0 ? Array.Empty<ScoredEntity>() : nearest,
    };

    private void LeaveOut(int text, int answers, ref float score)
    {
        if (text == goldText)
            equal -= facts.Contains(query.Entity, query.DirectedRelation, query.Answer) ? answers - 1 : answers;
        else if (answers == texts.Counts[text])
            score = float.NegativeInfinity;
        else if (score > GoldScore)
            higher -= answers;
        else if (score == GoldScore)
            equal -= answers;
    }

    private void TakeNearest(ReadOnlySpan<float> scores, int start)
    {
        var answers = facts.Answers(query.Entity, query.DirectedRelation);
        for (var index = 0; index < scores.Length; index++)
        {
            var score = scores[index];
            if (nearest.Count == depth ? !(score > nearest[^1].Score) : float.IsNegativeInfinity(score))
                continue;
            foreach (var entity in texts.Of(start + index))
                if (entity == query.Answer || answers.BinarySearch(entity) < 0)
                    Keep(new ScoredEntity(entity, score));
        }
    }

    private void Keep(ScoredEntity found)
    {
        var place = nearest.Count;
        while (place > 0 && nearest[place - 1].Score < found.Score)
            place--;
        nearest.Insert(place, found);
        if (nearest.Count > depth)
            nearest.RemoveAt(depth);
    }

    // Of the best candidates that are not known the first.
    private void TakeBest(ReadOnlySpan<float> scores, int start, float highest)
    {
        var answers = facts.Answers(query.Entity, query.DirectedRelation);
        var found = int.MaxValue;
        for (var at = scores.IndexOf(highest); at >= 0;)
        {
            foreach (var entity in texts.Of(start + at))
                if (answers.BinarySearch(entity) < 0)
                {
                    found = Math.Min(found, entity);
                    break;
                }
            var further = scores[(at + 1)..].IndexOf(highest);
            at = further < 0 ? -1 : at + 1 + further;
        }
        if (highest > bestScore || found < best)
            (best, bestScore) = (found, highest);
    }
}
