using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>A fact of the train split that speaks for an answer.</summary>
/// <param name="Triple">The fact as it stands in the split.</param>
/// <param name="Similarity">The mean of two cosines: of the entities asked from, and of the answers.</param>
public readonly record struct Explanation(Triple Triple, double Similarity);

/// <summary>Finds the training facts that explain an answer: of the same relation, the ones whose two entities are most like the entity
/// asked from and the answer, by the cosines of their entity views.</summary>
public sealed class Explanations
{
    private const int Bins = 512;
    private const float BinWidth = 2f / Bins;
    private readonly KnowledgeGraph graph;
    private readonly EntityVectors vectors;
    private readonly RelationFacts[] relations;

    /// <summary>Sorts the training facts by relation.</summary>
    public Explanations(KnowledgeGraph graph, EntityVectors vectors)
    {
        (this.graph, this.vectors) = (graph, vectors);
        var facts = graph.Train.ToLookup(triple => triple.Relation);
        relations = [.. Enumerable.Range(0, graph.RelationCount).Select(relation => new RelationFacts([.. facts[relation]]))];
    }

    /// <summary>The nearest facts for each answer.</summary>
    /// <param name="from">The vector of the entity asked from.</param>
    /// <param name="entity">That entity; null for a text.</param>
    /// <param name="directedRelation">The relation in the direction asked.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="most">How many facts for each.</param>
    public IReadOnlyList<IReadOnlyList<Explanation>> Of(
        float[] from, int? entity, int directedRelation, IReadOnlyList<int> answers, int most)
    {
        var isInverse = directedRelation >= graph.RelationCount;
        var facts = relations[isInverse ? directedRelation - graph.RelationCount : directedRelation];
        var (near, far) = isInverse ? (facts.Tails, facts.Heads) : (facts.Heads, facts.Tails);
        if (most == 0 || facts.Triples.Length == 0)
            return [.. answers.Select(_ => Array.Empty<Explanation>())];
        var isSymmetric = graph.Relations[isInverse ? directedRelation - graph.RelationCount : directedRelation].IsSymmetric;
        var nearness = Similarities(near, from);
        var order = Descending(near, nearness);
        return [.. answers.Select(answer => Best(answer))];

        List<Explanation> Best(int answer)
        {
            var vector = vectors.Row(answer);
            var farness = new float[far.Entities.Length];
            Array.Fill(farness, float.NaN);
            var best = new PriorityQueue<int, float>();
            foreach (var index in order)
            {
                var similarity = nearness[near.Places[index]];
                // No cosine is above 1, so behind this one none can be better.
                if (best.Count == most && best.TryPeek(out _, out var least) && similarity + 1 + BinWidth < least)
                    break;
                // The fact itself explains nothing, nor does the same read backwards.
                var (one, other) = (near.Entities[near.Places[index]], far.Entities[far.Places[index]]);
                if ((one == entity && other == answer) || (isSymmetric && one == answer && other == entity)
                    || vectors.IsHidden(one) || vectors.IsHidden(other))
                    continue;
                ref var opposite = ref farness[far.Places[index]];
                if (float.IsNaN(opposite))
                    opposite = EntityVectors.Dot(vectors.Row(other), vector);
                best.Enqueue(index, similarity + opposite);
                if (best.Count > most)
                    best.Dequeue();
            }
            return [.. best.UnorderedItems.OrderByDescending(item => item.Priority).ThenBy(item => item.Element)
                .Select(item => new Explanation(facts.Triples[item.Element], item.Priority / 2.0))];
        }
    }

    /// <summary>The facts by falling nearness, to within a bin.</summary>
    private static int[] Descending(RelationSide side, float[] nearness)
    {
        var starts = new int[Bins + 1];
        foreach (var place in side.Places)
            starts[BinOf(nearness[place]) + 1]++;
        for (var bin = 0; bin < Bins; bin++)
            starts[bin + 1] += starts[bin];
        var order = new int[side.Places.Length];
        for (var index = 0; index < order.Length; index++)
            order[starts[BinOf(nearness[side.Places[index]])]++] = index;
        return order;
    }

    private static int BinOf(float similarity) => Math.Clamp((int)((1 - similarity) / BinWidth), 0, Bins - 1);

    private float[] Similarities(RelationSide side, ReadOnlySpan<float> vector)
    {
        var similarities = new float[side.Entities.Length];
        for (var index = 0; index < similarities.Length; index++)
            similarities[index] = EntityVectors.Dot(vectors.Row(side.Entities[index]), vector);
        return similarities;
    }

    /// <summary>The distinct entities on one side of a relation's facts, and for each fact which of them stands there.</summary>
    private sealed class RelationSide
    {
        public RelationSide(IEnumerable<int> entities)
        {
            var places = new Dictionary<int, int>();
            Places = [.. entities.Select(entity =>
            {
                places.TryAdd(entity, places.Count);
                return places[entity];
            })];
            Entities = [.. places.Keys];
        }

        public int[] Entities { get; }

        public int[] Places { get; }
    }

    private sealed class RelationFacts(Triple[] triples)
    {
        public Triple[] Triples { get; } = triples;

        public RelationSide Heads { get; } = new(triples.Select(triple => triple.Head));

        public RelationSide Tails { get; } = new(triples.Select(triple => triple.Tail));
    }
}
