using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion.Facts;

/// <summary>True and false facts to fit and to measure probabilities with. Of each triple of a split: itself; its head and its tail
/// replaced by the two best answers of the model that no split holds; by another that stands there in train; by any entity; and the best
/// answer for an entity that lacks the relation altogether, by turns one most like the head or the tail and any. What no split holds
/// counts as false, so that a probability errs to the low side where the graph is far from complete.</summary>
/// <param name="Groups">The triple, by its place in the sample, that each fact was made from.</param>
/// <param name="Facts">The triples and what they were turned into.</param>
/// <param name="Labels">Whether each is true.</param>
public sealed record FactSample(IReadOnlyList<int> Groups, IReadOnlyList<Triple> Facts, IReadOnlyList<bool> Labels)
{
    private const int BestAnswers = 2;
    private const int Attempts = 50;
    private const int AtOnce = 32;

    /// <summary>Draws a sample, on the model's thread. Triples that train holds the other way round are passed over.</summary>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="vectors">Its entities.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="triples">Triples of valid or test.</param>
    /// <param name="seed">Decides the draws.</param>
    /// <param name="cancellation">Stops between portions.</param>
    public static FactSample Draw(
        LoadedModel model, KnowledgeGraph graph, EntityVectors vectors, FactSplits facts, IReadOnlyList<Triple> triples, int seed,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(triples);
        var random = new Random(seed);
        var corruption = new Corruption(graph, new KnownFacts(graph, graph.Train, graph.Valid, graph.Test));
        var sample = new Builder(graph, facts);
        var asked = triples.Where(triple => facts.Of(triple.Head, triple.Relation, triple.Tail) != "train").ToList();
        foreach (var (number, block) in asked.Chunk(AtOnce).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            var queries = new List<(int Group, int Entity, int Relation, int Most)>();
            var similar = Similar(vectors, IsOfGraph, [.. block.SelectMany(triple => new[] { triple.Head, triple.Tail })]);
            foreach (var (index, triple) in block.Index())
            {
                var group = number * AtOnce + index;
                var inverse = graph.InverseOf(triple.Relation);
                sample.Add(group, triple, true);
                queries.Add((group, triple.Head, triple.Relation, BestAnswers));
                queries.Add((group, triple.Tail, inverse, BestAnswers));
                if (corruption.Of(triple, random) is { } typed)
                    sample.Add(group, typed, false);
                sample.Add(group, random.Next(2) == 0 ? triple with { Head = random.Next(graph.Entities.Count) }
                    : triple with { Tail = random.Next(graph.Entities.Count) }, false);
                foreach (var (relation, like) in new[] { (triple.Relation, similar[2 * index]), (inverse, similar[2 * index + 1]) })
                    if (Lacking(relation, group % 2 == 0 ? like : []) is { } entity)
                        queries.Add((group, entity, relation, 1));
            }
            foreach (var (query, answers) in queries.Zip(Best(queries)))
                foreach (var answer in answers)
                    sample.Add(query.Group, query.Relation < graph.RelationCount ? new Triple(query.Entity, query.Relation, answer)
                        : new Triple(answer, graph.InverseOf(query.Relation), query.Entity), false);
        }
        return new FactSample(sample.Groups, sample.Facts, sample.Labels);

        // Entities that were added have vectors and no facts.
        bool IsOfGraph(int entity) => entity < graph.Entities.Count;

        int? Lacking(int relation, IReadOnlyList<int> first)
        {
            foreach (var entity in first)
                if (facts.Answers(entity, relation).Length == 0)
                    return entity;
            for (var attempt = 0; attempt < Attempts; attempt++)
                if (random.Next(graph.Entities.Count) is var drawn && facts.Answers(drawn, relation).Length == 0)
                    return drawn;
            return null;
        }

        List<IReadOnlyList<int>> Best(List<(int Group, int Entity, int Relation, int Most)> asked)
        {
            using var encoded = QueryVectors.Of(
                model, graph, [.. asked.Select(query => (QueryEntity.Of(graph, query.Entity), query.Relation))]);
            return [.. EntitySearch.Run(
                    vectors, encoded,
                    [.. asked.Select(query => new SearchRequest(
                        query.Entity, facts.Answers(query.Entity, query.Relation), query.Most, WithKnown: false)
                    {
                        Admits = IsOfGraph,
                    })], 1)
                .Select(found => (IReadOnlyList<int>)[.. found.Hits.Select(hit => hit.Entity)])];
        }
    }

    private static List<int[]> Similar(EntityVectors vectors, Func<int, bool> admits, int[] entities)
    {
        const int Looked = 8;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var rows = cat([.. entities.Select(entity => vectors.Block(entity, 1))]);
        var requests = entities.Select(entity => new SearchRequest(entity, [], Looked) { Admits = admits });
        return [.. EntitySearch.Run(vectors, rows, [.. requests], 1)
            .Select(found => found.Hits.Select(hit => hit.Entity).ToArray())];
    }

    private sealed class Builder(KnowledgeGraph graph, FactSplits facts)
    {
        private readonly HashSet<Triple> seen = [];

        public List<int> Groups { get; } = [];

        public List<Triple> Facts { get; } = [];

        public List<bool> Labels { get; } = [];

        public void Add(int group, Triple fact, bool isTrue)
        {
            var isOther = fact.Head != fact.Tail && fact.Head < graph.Entities.Count && fact.Tail < graph.Entities.Count
                && facts.Of(fact.Head, fact.Relation, fact.Tail) is null;
            if ((!isTrue && !isOther) || !seen.Add(fact))
                return;
            Groups.Add(group);
            Facts.Add(fact);
            Labels.Add(isTrue);
        }
    }
}
