namespace Kalm.Graph.Checks;

/// <summary>What the entities on one side of a relation are.</summary>
/// <param name="Kind">A type; where entities have none, the words of another relation that they stand in too.</param>
/// <param name="Share">The share of the side's distinct entities.</param>
public sealed record KindShare(string Kind, double Share);

/// <summary>How a relation's facts lie in train.</summary>
/// <param name="TailsPerHead">The distinct tails of a head that has some, on average; 1 of a functional relation. Its inverse is the
/// relation's functionality (PARIS, arXiv 1111.7164).</param>
/// <param name="HeadsPerTail">The same the other way; 1 of an inverse functional relation.</param>
/// <param name="Symmetry">The share of its facts between two entities whose reverse is a fact of it too.</param>
/// <param name="Heads">What its heads are, the most frequent kinds first (its domain); of a large graph as some 50,000 entities, evenly
/// taken, show it.</param>
/// <param name="Tails">What its tails are (its range).</param>
public sealed record RelationPattern(
    double TailsPerHead, double HeadsPerTail, double Symmetry, IReadOnlyList<KindShare> Heads, IReadOnlyList<KindShare> Tails)
{
    private const double One = 1.5;
    private const double Mostly = 0.9;
    private const double LeastShare = 0.1;
    private const int KindsKept = 3;
    // What a side is shows in so many as well as in all, and hubs cost the square of their relations.
    private const int EntitiesLookedAt = 50_000;

    /// <summary>1-1, 1-N, N-1 or N-N, an average below 1.5 counting as one (Bordes et al., NIPS 2013).</summary>
    public string Cardinality => $"{(HeadsPerTail < One ? "1" : "N")}-{(TailsPerHead < One ? "1" : "N")}";

    /// <summary>Whether nine of ten facts hold the other way round too.</summary>
    public bool IsSymmetric => Symmetry >= Mostly;

    /// <summary>The patterns of a graph's relations, in index order; a relation without train facts has zeros and no kinds.</summary>
    public static IReadOnlyList<RelationPattern> Of(KnowledgeGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var directed = 2 * graph.RelationCount;
        var (entities, facts, mutual, between) = (new int[directed], new long[directed], new long[directed], new long[directed]);
        var kinds = new KindCounts(graph);
        var every = Math.Max(1, graph.Entities.Count / EntitiesLookedAt);
        for (var entity = 0; entity < graph.Entities.Count; entity++)
        {
            var tails = graph.TrainFacts.FactsOf(entity).Tails;
            var own = graph.TrainFacts.RelationsOf(entity);
            foreach (var (relation, from, to) in own)
            {
                entities[relation]++;
                facts[relation] += to - from;
                if (relation < graph.RelationCount)
                    foreach (var tail in tails.Span[from..to])
                        if (tail != entity)
                        {
                            between[relation]++;
                            mutual[relation] += graph.TrainFacts.Contains(tail, relation, entity) ? 1 : 0;
                        }
            }
            if (entity % every == 0)
                kinds.Add(entity, own.ConvertAll(item => item.DirectedRelation));
        }
        return [.. Enumerable.Range(0, graph.RelationCount).Select(relation => new RelationPattern(
            PerEntity(relation), PerEntity(relation + graph.RelationCount),
            between[relation] == 0 ? 0 : (double)mutual[relation] / between[relation],
            kinds.Of(relation), kinds.Of(relation + graph.RelationCount)))];

        double PerEntity(int relation) => entities[relation] == 0 ? 0 : (double)facts[relation] / entities[relation];
    }

    /// <summary>Counts what the entities on each side of a relation are.</summary>
    private sealed class KindCounts(KnowledgeGraph graph)
    {
        private readonly bool hasTypes = graph.Entities.Any(entity => entity.Types.Count > 0);
        private readonly Dictionary<string, int> numbers = [];
        private readonly List<string> names = [];
        private readonly int[] entities = new int[2 * graph.RelationCount];
        private readonly Dictionary<int, int>[] counts =
            [.. Enumerable.Range(0, 2 * graph.RelationCount).Select(_ => new Dictionary<int, int>())];

        public void Add(int entity, List<int> relations)
        {
            // Words that several relations share, as both directions of a symmetric one do, are one kind.
            (int Kind, int Relation)[] own = hasTypes ? [.. graph.Entities[entity].Types.Distinct().Select(type => (Number(type), -1))]
                : [.. relations.Select(relation => (Number(graph.DirectedRelationText(relation)), relation))];
            Array.Sort(own);
            foreach (var relation in relations)
            {
                entities[relation]++;
                var (last, inverse) = (-1, graph.InverseOf(relation));
                foreach (var (kind, other) in own)
                    if (kind != last && other != relation && other != inverse)
                        counts[relation][last = kind] = counts[relation].GetValueOrDefault(kind) + 1;
            }
        }

        public IReadOnlyList<KindShare> Of(int relation) =>
            [.. counts[relation].Select(count => new KindShare(names[count.Key], (double)count.Value / entities[relation]))
                .Where(kind => kind.Share >= LeastShare)
                .OrderByDescending(kind => kind.Share).ThenBy(kind => kind.Kind, StringComparer.Ordinal).Take(KindsKept)];

        private int Number(string name)
        {
            if (!numbers.TryGetValue(name, out var number))
            {
                numbers.Add(name, number = names.Count);
                names.Add(name);
            }
            return number;
        }
    }
}
