namespace Kalm.Graph;

/// <summary>The known answers of every query (entity, directed relation), by ids, over the splits it was built from:
/// what the standard evaluation protocol removes from the candidates.</summary>
public sealed class KnownFacts
{
    // The facts of entity e, both directions, lie at [starts[e], starts[e + 1]), sorted by directed relation, then by tail.
    private readonly int[] starts;
    private readonly int[] relations;
    private readonly int[] tails;

    /// <summary>Collects the facts of the given splits of a graph in both directions.</summary>
    public KnownFacts(KnowledgeGraph graph, params ReadOnlySpan<IReadOnlyList<Triple>> splits)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var entityCount = graph.Entities.Count;
        var ends = new int[entityCount + 1];
        foreach (var split in splits)
            foreach (var triple in split)
            {
                ends[triple.Head + 1]++;
                ends[triple.Tail + 1]++;
            }
        for (var entity = 0; entity < entityCount; entity++)
            ends[entity + 1] += ends[entity];

        var facts = new long[ends[entityCount]];
        var next = ends.AsSpan(0, entityCount).ToArray();
        foreach (var split in splits)
            foreach (var triple in split)
            {
                facts[next[triple.Head]++] = Pack(triple.Relation, triple.Tail);
                facts[next[triple.Tail]++] = Pack(triple.Relation + graph.RelationCount, triple.Head);
            }

        starts = new int[entityCount + 1];
        relations = new int[facts.Length];
        tails = new int[facts.Length];
        var count = 0;
        for (var entity = 0; entity < entityCount; entity++)
        {
            var own = facts.AsSpan(ends[entity]..ends[entity + 1]);
            own.Sort();
            for (var i = 0; i < own.Length; i++)
            {
                if (i > 0 && own[i] == own[i - 1])
                    continue;
                relations[count] = (int)(own[i] >> 32);
                tails[count++] = (int)own[i];
            }
            starts[entity + 1] = count;
        }
    }

    /// <summary>The known tails of a query, sorted and distinct; empty when there is none.</summary>
    public ReadOnlySpan<int> Answers(int entity, int directedRelation)
    {
        var start = starts[entity];
        var own = relations.AsSpan(start..starts[entity + 1]);
        var from = FirstNotBelow(own, directedRelation);
        var to = FirstNotBelow(own, directedRelation + 1);
        return tails.AsSpan((start + from)..(start + to));
    }

    /// <summary>The facts that an entity is in, read from it: directed relations, ascending, and the tail of each.</summary>
    public (ReadOnlyMemory<int> Relations, ReadOnlyMemory<int> Tails) FactsOf(int entity) =>
        (relations.AsMemory(starts[entity]..starts[entity + 1]), tails.AsMemory(starts[entity]..starts[entity + 1]));

    /// <summary>Whether the fact (entity, directed relation, tail) is known.</summary>
    public bool Contains(int entity, int directedRelation, int tail) => Answers(entity, directedRelation).BinarySearch(tail) >= 0;

    private static long Pack(int directedRelation, int tail) => ((long)directedRelation << 32) | (uint)tail;

    private static int FirstNotBelow(ReadOnlySpan<int> sorted, int value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
