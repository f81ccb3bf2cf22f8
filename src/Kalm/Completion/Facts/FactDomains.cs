using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>Which entities may stand in a relation, learned from train: those that do, and those like them in type or, where the graph has
/// no types, in the other relations they stand in.</summary>
internal sealed class FactDomains
{
    private const int Sample = 256;
    // A side may hold several kinds of things, of which one is the entity's: the nearest decide, not the mean of all.
    private const int Nearest = 3;
    // Of the likeness that those who stand in a relation have with their own nearest.
    private const double LeastLikeness = 0.6;
    private const double OneValue = 1.1;
    private readonly KnowledgeGraph graph;
    private readonly int[][]? types;
    private readonly int[][] subjects;
    private readonly Lazy<Profile>[] profiles;

    /// <summary>Looks at the facts of train, once.</summary>
    public FactDomains(KnowledgeGraph graph)
    {
        this.graph = graph;
        if (graph.Entities.Any(entity => entity.Types.Count > 0))
        {
            var numbers = graph.Entities.SelectMany(entity => entity.Types).Distinct()
                .Select((type, number) => (type, number)).ToDictionary(pair => pair.type, pair => pair.number);
            types = [.. graph.Entities.Select(entity => entity.Types.Select(type => numbers[type]).Distinct().Order().ToArray())];
        }
        var drawn = new EvenSample[2 * graph.RelationCount];
        for (var directed = 0; directed < drawn.Length; directed++)
            drawn[directed] = new EvenSample();
        foreach (var (head, relation, tail) in graph.Train)
        {
            drawn[relation].Take(head);
            drawn[relation + graph.RelationCount].Take(tail);
        }
        subjects = Array.ConvertAll(drawn, sample => sample.Entities());
        profiles = [.. Enumerable.Range(0, subjects.Length).Select(directed => new Lazy<Profile>(() => ProfileOf(directed)))];
    }

    /// <summary>Whether an entity has facts of train of a directed relation.</summary>
    public bool Stands(int entity, int directed) =>
        entity < graph.Entities.Count && graph.TrainFacts.Answers(entity, directed).Length > 0;

    /// <summary>How many facts of train it is in.</summary>
    public int TrainFacts(int entity) => entity < graph.Entities.Count ? graph.TrainFacts.FactsOf(entity).Relations.Length : 0;

    /// <summary>Whether it has, or is like those that have, or neither types nor facts of train tell what it is.</summary>
    public bool MayStand(int entity, int directed)
    {
        if (Stands(entity, directed) || TrainFacts(entity) == 0 && !HasTypes(entity))
            return true;
        var profile = profiles[directed].Value;
        return Likeness(Kinds(entity, directed), profile.Kinds, -1) >= LeastLikeness * profile.Likeness;
    }

    /// <summary>Whether a subject has one answer as a rule: at most 1.1 on average (of a sample).</summary>
    public bool HasOneAnswer(int directed) => profiles[directed].Value.Answers is > 0 and <= OneValue;

    private bool HasTypes(int entity) => types is not null && entity < types.Length && types[entity].Length > 0;

    private Profile ProfileOf(int directed)
    {
        var kinds = Array.ConvertAll(subjects[directed], subject => Kinds(subject, directed));
        return new Profile(
            kinds, kinds.Length <= 1 ? 1 : kinds.Select((own, index) => Likeness(own, kinds, index)).Average(),
            kinds.Length == 0 ? 0 : subjects[directed].Average(subject => graph.TrainFacts.Answers(subject, directed).Length));
    }

    // Numbers of types, else the directed relations it stands in beside the one asked about; ascending.
    private int[] Kinds(int entity, int directed)
    {
        if (types is not null)
            return types[entity];
        var kinds = new List<int>();
        var relations = graph.TrainFacts.FactsOf(entity).Relations.Span;
        // Of a hub's facts only the first of each relation is looked at.
        for (var at = 0; at < relations.Length; at += SortedNumbers.FirstNotBelow(relations[at..], relations[at] + 1))
            if (relations[at] != directed && relations[at] != graph.InverseOf(directed))
                kinds.Add(relations[at]);
        return [.. kinds];
    }

    // The mean of the highest likenesses with others, the one numbered left out.
    private static double Likeness(int[] own, int[][] others, int self)
    {
        Span<double> best = stackalloc double[Nearest];
        best.Clear();
        for (var index = 0; index < others.Length; index++)
        {
            if (index == self || Most(own, others[index]) <= best[^1])
                continue;
            var likeness = Jaccard(own, others[index]);
            var place = Nearest - 1;
            if (likeness <= best[place])
                continue;
            for (; place > 0 && best[place - 1] < likeness; place--)
                best[place] = best[place - 1];
            best[place] = likeness;
        }
        var count = Math.Min(Nearest, others.Length - (self < 0 ? 0 : 1));
        var sum = 0.0;
        foreach (var likeness in best[..count])
            sum += likeness;
        return count == 0 ? 0 : sum / count;
    }

    private static double Most(int[] one, int[] other) =>
        one.Length == other.Length ? 1 : (double)Math.Min(one.Length, other.Length) / Math.Max(one.Length, other.Length);

    // The share of what both are among what either is; two that are nothing else are alike.
    private static double Jaccard(int[] one, int[] other)
    {
        if (one.Length + other.Length == 0)
            return 1;
        var common = 0;
        for (int from = 0, to = 0; from < one.Length && to < other.Length;)
        {
            var (left, right) = (one[from], other[to]);
            common += left == right ? 1 : 0;
            from += left <= right ? 1 : 0;
            to += right <= left ? 1 : 0;
        }
        return (double)common / (one.Length + other.Length - common);
    }

    // Evenly drawn, the same at every start: those whose numbers hash lowest.
    private sealed class EvenSample
    {
        // Hash and number of each, ascending.
        private readonly long[] lowest = new long[Sample];
        private int count;

        public void Take(int entity)
        {
            var item = ((long)((uint)entity * 2654435761u) << 31) | (uint)entity;
            if (count == Sample && item >= lowest[^1])
                return;
            var place = Array.BinarySearch(lowest, 0, count, item);
            if (place >= 0)
                return;
            place = ~place;
            count = Math.Min(count + 1, Sample);
            Array.Copy(lowest, place, lowest, place + 1, count - 1 - place);
            lowest[place] = item;
        }

        public int[] Entities() => Array.ConvertAll(lowest[..count], item => (int)(item & int.MaxValue));
    }

    private sealed record Profile(int[][] Kinds, double Likeness, double Answers);
}
