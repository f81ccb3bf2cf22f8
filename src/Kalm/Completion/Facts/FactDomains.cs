using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>Which entities may stand in a relation, learned from train: those that do, and those like them in type or, where the graph has
/// no types, in the other relations they stand in.</summary>
internal sealed class FactDomains
{
    private const int Sample = 256;
    // Of the likeness that those who stand in a relation have among each other.
    private const double LeastLikeness = 0.6;
    private const double OneValue = 1.1;
    private readonly KnowledgeGraph graph;
    private readonly bool hasTypes;
    private readonly int[][] subjects;
    private readonly Lazy<Profile>[] profiles;

    /// <summary>Looks at the facts of train, once.</summary>
    public FactDomains(KnowledgeGraph graph)
    {
        this.graph = graph;
        hasTypes = graph.Entities.Any(entity => entity.Types.Count > 0);
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
        if (Stands(entity, directed) || TrainFacts(entity) == 0 && !(hasTypes && HasTypes(entity)))
            return true;
        var profile = profiles[directed].Value;
        return profile.Shares.Count > 0 && Likeness(Kinds(entity, directed), profile.Shares) >= LeastLikeness * profile.Likeness;
    }

    /// <summary>Whether a subject has one answer as a rule: at most 1.1 on average (of a sample).</summary>
    public bool HasOneAnswer(int directed) => profiles[directed].Value.Answers is > 0 and <= OneValue;

    private bool HasTypes(int entity) => entity < graph.Entities.Count && graph.Entities[entity].Types.Count > 0;

    private Profile ProfileOf(int directed)
    {
        var kinds = subjects[directed].Select(subject => Kinds(subject, directed)).ToList();
        var shares = kinds.SelectMany(own => own).CountBy(kind => kind)
            .ToDictionary(count => count.Key, count => (double)count.Value / kinds.Count);
        return new Profile(
            shares, kinds.Count == 0 ? 0 : kinds.Average(own => Likeness(own, shares)),
            kinds.Count == 0 ? 0 : subjects[directed].Average(subject => graph.TrainFacts.Answers(subject, directed).Length));
    }

    private HashSet<string> Kinds(int entity, int directed)
    {
        if (hasTypes)
            return [.. graph.Entities[entity].Types];
        var kinds = new HashSet<string>();
        var relations = graph.TrainFacts.FactsOf(entity).Relations.Span;
        // Of a hub's facts only the first of each relation is looked at.
        for (var at = 0; at < relations.Length; at += SortedNumbers.FirstNotBelow(relations[at..], relations[at] + 1))
            if (relations[at] != directed && relations[at] != graph.InverseOf(directed))
                kinds.Add(graph.DirectedRelationText(relations[at]));
        return kinds;
    }

    // The weighted Jaccard likeness of what one is and what all are.
    private static double Likeness(HashSet<string> own, Dictionary<string, double> shares)
    {
        var common = own.Sum(kind => shares.GetValueOrDefault(kind));
        return common / (own.Count + shares.Values.Sum() - common);
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

    private sealed record Profile(Dictionary<string, double> Shares, double Likeness, double Answers);
}
