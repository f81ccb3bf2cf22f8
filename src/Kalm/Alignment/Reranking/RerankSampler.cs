using Kalm.Alignment.Options;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Alignment.Reranking;

/// <summary>A query to learn from; the first candidate is the answer.</summary>
/// <param name="Request">The query.</param>
/// <param name="Lost">For each candidate an entity facts with which are not told, or -1.</param>
internal sealed record RerankLesson(RerankRequest Request, int[] Lost);

/// <summary>Draws what a step learns from. The answer's facts always lack the one that is asked, so every wrong candidate loses one too:
/// otherwise an entity about which nothing is told would be the answer.</summary>
/// <param name="graph">The graph.</param>
/// <param name="mined">Train queries with their best candidates, train's answers left out.</param>
/// <param name="options">How many.</param>
/// <param name="seed">Decides every draw.</param>
internal sealed class RerankSampler(KnowledgeGraph graph, IReadOnlyList<RankedQuery> mined, RerankOptions options, long seed)
{
    private readonly LeakedQueries mirrored = new(graph);
    private (long Pass, int[] Places) order = (-1, []);

    /// <summary>The lessons of a step.</summary>
    /// <param name="step">Its number, from 0.</param>
    public IReadOnlyList<RerankLesson> Batch(int step)
    {
        var random = Randomness.For(seed, "rerank", step);
        return [.. Enumerable.Range(0, options.Queries)
            .Select(index => Lesson(mined[PlaceOf(((long)step * options.Queries) + index)], random))];
    }

    private int PlaceOf(long drawn)
    {
        var pass = drawn / mined.Count;
        if (order.Pass != pass)
        {
            order = (pass, [.. Enumerable.Range(0, mined.Count)]);
            Randomness.For(seed, "rerank order", pass).Shuffle(order.Places);
        }
        return order.Places[drawn % mined.Count];
    }

    private RerankLesson Lesson(RankedQuery ranked, Random random)
    {
        var query = ranked.Query;
        var near = ranked.Nearest.Select(candidate => candidate.Entity).Where(IsWrong).ToList();
        List<int> candidates = [query.Answer];
        while (candidates.Count <= options.Negatives && near.Count > 0)
        {
            // The density falls with the place: what stands in front is what has to be told apart.
            var place = (int)(near.Count * Math.Pow(random.NextDouble(), 2));
            candidates.Add(near[place]);
            near.RemoveAt(place);
        }
        for (var drawn = 0; drawn < options.RandomNegatives; drawn++)
            if (random.Next(graph.Entities.Count) is var other && IsWrong(other) && !candidates.Contains(other))
                candidates.Add(other);
        return new RerankLesson(
            new RerankRequest(
                QueryEntity.Of(graph, query.Entity), query.DirectedRelation,
                [.. candidates.Select(candidate => QueryEntity.Of(graph, candidate))], new float[candidates.Count]),
            [-1, .. candidates.Skip(1).Select(candidate => LostOf(candidate, random))]);

        bool IsWrong(int entity) => entity != query.Answer
            && !graph.TrainFacts.Contains(query.Entity, query.DirectedRelation, entity)
            && !mirrored.IsLeaked(query.Entity, query.DirectedRelation, entity);
    }

    private int LostOf(int entity, Random random)
    {
        var others = graph.TrainFacts.FactsOf(entity).Tails;
        return others.Length == 0 ? -1 : others.Span[random.Next(others.Length)];
    }
}
