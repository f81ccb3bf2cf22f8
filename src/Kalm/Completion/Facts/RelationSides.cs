using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>What stands on each side of a relation in train: how like its entities another is, and how many answers each has. A side is
/// named by the directed relation that is read from it: r for the heads, r + R for the tails. Safe to use from several threads.</summary>
public sealed class RelationSides
{
    // So many show what a side is like; hubs have hundreds of thousands.
    private const int LookedAt = 512;
    private const int Nearest = 3;
    private const double Function = 1.05;
    private readonly KnowledgeGraph graph;
    private readonly int[][] members;
    private readonly double[] answers;

    /// <summary>Looks at the train facts of a graph.</summary>
    public RelationSides(KnowledgeGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        this.graph = graph;
        var directed = 2 * graph.RelationCount;
        var (entities, facts) = (new int[directed], new long[directed]);
        EachSide((_, relation, count) => (entities[relation], facts[relation]) = (entities[relation] + 1, facts[relation] + count));
        answers = [.. entities.Zip(facts, (some, all) => some == 0 ? 0 : (double)all / some)];
        var taken = entities.Select(count => new List<int>(Math.Min(count, LookedAt))).ToArray();
        var seen = new int[directed];
        EachSide((entity, relation, _) =>
        {
            // Evenly, so that the same are taken every time.
            var place = seen[relation]++;
            if (entities[relation] <= LookedAt || (long)place * LookedAt / entities[relation] == taken[relation].Count)
                taken[relation].Add(entity);
        });
        members = [.. taken.Select(list => list.ToArray())];
        Domains = new FactDomains(graph);
    }

    /// <summary>The distinct answers of an entity that has some, on average; 0 for a relation without train facts, 1 where it is a
    /// function.</summary>
    public double MeanAnswers(int directedRelation) => answers[directedRelation];

    /// <summary>Whether nearly every entity that has answers has one: at most 1.05 on average.</summary>
    public bool IsFunction(int directedRelation) => answers[directedRelation] is > 0 and <= Function;

    /// <summary>The mean cosine of a vector with the three nearest entities of a side, the entity itself left out; 0 where the side has no
    /// other.</summary>
    public double Near(ReadOnlySpan<float> vector, int directedRelation, int? self, EntityVectors vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        Span<float> best = stackalloc float[Nearest];
        var count = 0;
        foreach (var member in members[directedRelation])
        {
            if (member == self)
                continue;
            var cosine = EntityVectors.Dot(vectors.Row(member), vector);
            if (count == Nearest && cosine <= best[^1])
                continue;
            var place = count < Nearest ? count++ : Nearest - 1;
            for (; place > 0 && best[place - 1] < cosine; place--)
                best[place] = best[place - 1];
            best[place] = cosine;
        }
        var sum = 0.0;
        foreach (var cosine in best[..count])
            sum += cosine;
        return count == 0 ? 0 : sum / count;
    }

    /// <summary>Whether an entity may stand on a side (<see cref="FactDomains.MayStand"/>).</summary>
    public bool Admits(int directedRelation, int entity) => Domains.MayStand(entity, directedRelation);

    /// <summary>Which entities may stand on a side.</summary>
    internal FactDomains Domains { get; }

    // Each entity with each directed relation it is in and the number of its answers.
    private void EachSide(Action<int, int, int> take)
    {
        for (var entity = 0; entity < graph.Entities.Count; entity++)
        {
            var relations = graph.TrainFacts.FactsOf(entity).Relations.Span;
            for (int from = 0, to; from < relations.Length; from = to)
            {
                for (to = from + 1; to < relations.Length && relations[to] == relations[from];)
                    to++;
                take(entity, relations[from], to - from);
            }
        }
    }
}
