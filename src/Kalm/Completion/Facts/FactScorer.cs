using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion.Facts;

/// <summary>A fact that may be true.</summary>
/// <param name="Head">What the fact is about: an entity of the graph, or a text.</param>
/// <param name="Relation">The relation, from 0 to R - 1.</param>
/// <param name="Tail">What stands in the relation to it, likewise.</param>
public sealed record FactClaim(QueryEntity Head, int Relation, QueryEntity Tail)
{
    /// <summary>A fact of a graph's entities.</summary>
    public static FactClaim Of(KnowledgeGraph graph, Triple triple) =>
        new(QueryEntity.Of(graph, triple.Head), triple.Relation, QueryEntity.Of(graph, triple.Tail));

    /// <summary>The fact that an answer of a query states.</summary>
    public static FactClaim Of(KnowledgeGraph graph, QueryEntity entity, int directedRelation, QueryEntity answer)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return directedRelation < graph.RelationCount ? new(entity, directedRelation, answer)
            : new(answer, graph.InverseOf(directedRelation), entity);
    }
}

/// <summary>Finds the signs of facts: asks the model both ways, and looks at train.</summary>
/// <param name="model">The model.</param>
/// <param name="graph">The graph.</param>
/// <param name="vectors">Its entities, and those added.</param>
/// <param name="temperature">At which cosines become probabilities.</param>
public sealed class FactScorer(LoadedModel model, KnowledgeGraph graph, EntityVectors vectors, double temperature)
{
    private const int AtOnce = 64;
    private const double LeastLog = -30;
    private readonly Lazy<RelationSides> sides = new(() => new RelationSides(graph));
    private readonly Lazy<PairRules> rules = new(() => new PairRules(graph));

    /// <summary>What stands on each side of the relations.</summary>
    public RelationSides Sides => sides.Value;

    /// <summary>Which relation comes with which.</summary>
    public PairRules Rules => rules.Value;

    /// <summary>The signs of facts, on the model's thread.</summary>
    /// <param name="claims">The facts.</param>
    /// <param name="known">The known answers of an entity of the graph and a directed relation, ascending: no rivals of the others, and
    /// what may conflict with a fact.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public IReadOnlyList<FactSigns> Signs(
        IReadOnlyList<FactClaim> claims, Func<int, int, int[]> known, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(known);
        var signs = new List<FactSigns>(claims.Count);
        foreach (var block in claims.Chunk(AtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            signs.AddRange(OfBlock(block, known));
        }
        return signs;
    }

    private IEnumerable<FactSigns> OfBlock(FactClaim[] claims, Func<int, int, int[]> known)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var relations = new Dictionary<QueryEntity, List<int>>();
        foreach (var (head, relation, tail) in claims)
        {
            Ask(head, relation);
            Ask(tail, graph.InverseOf(relation));
        }
        var asked = relations.Keys.ToList();
        var forest = new ViewForest(model.Wording, [.. asked.Select(entity => new ViewRequest(
            model.Wording.Description(entity.Description), entity.Entity is null,
            [.. relations[entity].Select(relation => model.Wording.Relation(graph.DirectedRelationText(relation)))]))]);
        var encoded = Encoder.Encode(model.Decoder, forest.Rows);
        Encoder.RequireFinite(encoded);
        var (reads, requests) = (new List<long>(), new List<SearchRequest>());
        var places = new Dictionary<(QueryEntity, int), int>();
        var own = new Dictionary<QueryEntity, int>();
        foreach (var (index, entity) in asked.Index())
        {
            var views = forest.Reads(index);
            if (entity.Entity is null)
                own[entity] = views[0];
            foreach (var (place, relation) in relations[entity].Index())
            {
                places[(entity, relation)] = reads.Count;
                reads.Add(views[place + (entity.Entity is null ? 1 : 0)]);
                requests.Add(new SearchRequest(
                    entity.Entity, entity.Entity is { } of ? known(of, relation) : [], 1));
            }
        }
        var found = EntitySearch.Run(
            vectors, encoded.index_select(0, tensor(reads.ToArray(), device: encoded.device)), requests, temperature);
        var (values, width) = (encoded.cpu().data<float>().ToArray(), (int)encoded.shape[1]);
        return [.. claims.Select(Of)];

        void Ask(QueryEntity entity, int relation)
        {
            if (!relations.TryGetValue(entity, out var own))
                relations.Add(entity, own = []);
            if (!own.Contains(relation))
                own.Add(relation);
        }

        float[] VectorOf(QueryEntity entity) => entity.Entity is { } index ? vectors.Row(index).ToArray()
            : values[(own[entity] * width)..((own[entity] + 1) * width)];

        (double Cosine, double Log, int[] Others) Read(QueryEntity from, int relation, QueryEntity to)
        {
            var place = places[(from, relation)];
            var query = values.AsSpan((int)reads[place] * width, width);
            double cosine = EntityVectors.Dot(query, VectorOf(to));
            var answers = requests[place].Known;
            var isKnown = to.Entity is { } answer && Array.BinarySearch(answers, answer) >= 0;
            // What is no candidate, a text or the entity itself, is no part of the sum.
            var log = Math.Log(EntitySearch.Probability(
                cosine, isKnown || to.Entity is null || to.Entity == from.Entity, found[place].LogSum, temperature));
            return (cosine, Math.Max(log, LeastLog), isKnown ? [.. answers.Where(other => other != to.Entity)] : answers);
        }

        FactSigns Of(FactClaim claim)
        {
            var (head, relation, tail) = claim;
            var inverse = graph.InverseOf(relation);
            var (forward, backward) = (Read(head, relation, tail), Read(tail, inverse, head));
            var rule = head.Entity is { } from && tail.Entity is { } to && from < graph.Entities.Count && to < graph.Entities.Count
                ? Rules.Best(from, relation, to) : null;
            return new FactSigns(
                forward.Cosine, backward.Cosine, forward.Log, backward.Log,
                Sides.Near(VectorOf(head), relation, head.Entity, vectors), Sides.Near(VectorOf(tail), inverse, tail.Entity, vectors),
                TrainFacts(head, relation, tail), TrainFacts(tail, inverse, head),
                Conflict(forward.Others, relation), Conflict(backward.Others, inverse), rule?.Confidence ?? 0, rule is not null);
        }
    }

    private int TrainFacts(QueryEntity entity, int relation, QueryEntity answer)
    {
        if (entity.Entity is not { } index || index >= graph.Entities.Count)
            return 0;
        var facts = graph.TrainFacts.Answers(index, relation);
        return answer.Entity is { } other && facts.BinarySearch(other) >= 0 ? facts.Length - 1 : facts.Length;
    }

    private double Conflict(int[] others, int relation) =>
        others.Length > 0 && Sides.MeanAnswers(relation) is var mean and > 0 ? 1 / mean : 0;
}
