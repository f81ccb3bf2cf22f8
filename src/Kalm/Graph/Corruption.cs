namespace Kalm.Graph;

/// <summary>Makes false triples that look true: one entity is replaced by another that stands at that place of that relation in train, so
/// that the kind of an entity gives nothing away; what any of the given splits knows to be true is never made.</summary>
public sealed class Corruption
{
    private const int Attempts = 50;
    private readonly int[][] heads;
    private readonly int[][] tails;
    private readonly KnowledgeGraph graph;
    private readonly KnownFacts known;

    /// <summary>Collects the entities of each place.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="known">What is true.</param>
    public Corruption(KnowledgeGraph graph, KnownFacts known)
    {
        (this.graph, this.known) = (graph, known);
        heads = Collect(triple => triple.Head);
        tails = Collect(triple => triple.Tail);

        int[][] Collect(Func<Triple, int> place)
        {
            var ends = new int[graph.RelationCount + 1];
            foreach (var triple in graph.Train)
                ends[triple.Relation + 1]++;
            for (var relation = 0; relation < graph.RelationCount; relation++)
                ends[relation + 1] += ends[relation];
            var (all, next) = (new int[ends[^1]], ends[..^1]);
            foreach (var triple in graph.Train)
                all[next[triple.Relation]++] = place(triple);
            return [.. Enumerable.Range(0, graph.RelationCount).Select(relation =>
            {
                Array.Sort(all, ends[relation], ends[relation + 1] - ends[relation]);
                return Distinct(all.AsSpan(ends[relation]..ends[relation + 1]));
            })];
        }

        static int[] Distinct(Span<int> sorted)
        {
            var count = 0;
            foreach (var entity in sorted)
                if (count == 0 || sorted[count - 1] != entity)
                    sorted[count++] = entity;
            return sorted[..count].ToArray();
        }
    }

    /// <summary>Makes a false triple from a true one.</summary>
    /// <returns>The triple; null when a relation's entities leave no false one to be found.</returns>
    public Triple? Of(Triple triple, Random random)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var places = random.Next(2) == 0 ? heads : tails;
            var candidates = places[triple.Relation];
            if (candidates.Length == 0)
                continue;
            var other = candidates[random.Next(candidates.Length)];
            var made = places == heads ? triple with { Head = other } : triple with { Tail = other };
            if (made.Head != made.Tail && !IsKnown(made))
                return made;
        }
        return null;
    }

    private bool IsKnown(Triple made) => known.Contains(made.Head, made.Relation, made.Tail)
        || (graph.Relations[made.Relation].IsSymmetric && known.Contains(made.Tail, made.Relation, made.Head));
}
