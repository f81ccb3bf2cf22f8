using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>A fact that the graph lacks and a person may want to look at.</summary>
/// <param name="Fact">By the graph's numbers of entities and relations.</param>
/// <param name="Judgement">What is said of it.</param>
/// <param name="Value">What looking at it is worth: its probability over the root of one more than the train facts of whichever of its
/// ends has fewer, so that what fills a gap comes before what adds to a hub.</param>
/// <param name="Score">The cosine of the query that found it.</param>
/// <param name="Rank">Its place among the answers of that query.</param>
/// <param name="Support">Train facts like it.</param>
public sealed record ProposedFact(
    Triple Fact, FactJudgement Judgement, double Value, double Score, int Rank, IReadOnlyList<Explanation> Support);

/// <summary>Which facts are proposed.</summary>
public sealed record ProposalOptions
{
    /// <summary>The directed relations asked for; empty for all.</summary>
    public IReadOnlyList<int> Relations { get; init; } = [];

    /// <summary>How many facts at most.</summary>
    public int Most { get; init; } = 100;

    /// <summary>How many questions at most are asked to find them, drawn with the seed.</summary>
    public int Queries { get; init; } = 2000;

    /// <summary>Decides the draw.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>Finds facts that a graph seems to lack, the ones most worth a look first.</summary>
public static class Proposals
{
    private const int Answers = 2;
    private const double LeastProbability = 0.02;
    private const int AtOnce = 32;
    private const int Supports = 2;

    /// <summary>Asks of entities that may have a relation what they lack, on the model's thread. What would contradict the graph, or counts
    /// as false, is not proposed.</summary>
    /// <param name="completer">Knows the model and the graph.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <returns>By falling value.</returns>
    public static IReadOnlyList<ProposedFact> Of(
        Completer completer, ProposalOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(completer);
        ArgumentNullException.ThrowIfNull(options);
        var graph = completer.Graph;
        var found = new Dictionary<Triple, (double Score, int Rank)>();
        var queries = Queries(completer, options);
        var done = 0;
        foreach (var block in queries.Chunk(AtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var ((entity, relation), candidates) in block.Zip(Ask(completer, block)))
                foreach (var candidate in candidates.Where(candidate => candidate.Probability >= LeastProbability))
                    if (!completer.Catalog.IsAdded(candidate.Entity))
                        found.TryAdd(
                            relation < graph.RelationCount ? new Triple(entity, relation, candidate.Entity)
                                : new Triple(candidate.Entity, graph.InverseOf(relation), entity), (candidate.Score, candidate.Rank));
            progress?.Report(new EvaluationProgress("asking", done += block.Length, queries.Count));
        }
        var facts = found.Keys.ToList();
        var judged = new List<FactJudgement>(facts.Count);
        foreach (var block in facts.Chunk(8 * AtOnce))
        {
            judged.AddRange(completer.Judge.Of([.. block.Select(fact => FactClaim.Of(graph, fact))], cancellation));
            progress?.Report(new EvaluationProgress("judging facts", judged.Count, facts.Count));
        }
        return [.. facts.Zip(judged)
            .Where(item => item.Second is { Verdict: not Verdict.False, Probability: not null, Split: null })
            .Select(item => (Fact: item.First, Judgement: item.Second, Value: Value(graph, item.First, item.Second)))
            .OrderByDescending(item => item.Value).ThenBy(item => item.Fact.Head).ThenBy(item => item.Fact.Tail).Take(options.Most)
            .Select(item => new ProposedFact(
                item.Fact, item.Judgement, item.Value, found[item.Fact].Score, found[item.Fact].Rank,
                completer.Explanations.Of(
                    completer.Index.Vectors.Row(item.Fact.Head).ToArray(), item.Fact.Head, item.Fact.Relation, [item.Fact.Tail],
                    Supports)[0]))];
    }

    private static List<(int Entity, int Relation)> Queries(Completer completer, ProposalOptions options)
    {
        var (graph, sides) = (completer.Graph, completer.Judge.Sides);
        var queries = new List<(int Entity, int Relation)>();
        foreach (var relation in options.Relations.Count > 0 ? options.Relations : Enumerable.Range(0, 2 * graph.RelationCount))
        {
            if (sides.MeanAnswers(relation) == 0)
                continue;
            // Where nearly every entity has one answer, those that have it are not asked.
            var isFunction = sides.IsFunction(relation);
            for (var entity = 0; entity < graph.Entities.Count; entity++)
                if (sides.Admits(relation, entity) && !completer.Catalog.IsHidden(entity)
                    && !(isFunction && completer.Facts.Answers(entity, relation).Length > 0))
                    queries.Add((entity, relation));
        }
        var order = queries.ToArray();
        new Random(options.Seed).Shuffle(order);
        // Those of one entity share its encoding.
        return [.. order.Take(options.Queries).Order()];
    }

    private static List<IReadOnlyList<EntityCandidate>> Ask(Completer completer, (int Entity, int Relation)[] queries)
    {
        var asked = queries.Select(query => completer.Catalog.Of(query.Entity)).ToList();
        using var encoded = QueryVectors.Of(
            completer.Model, completer.Graph, [.. queries.Select((query, index) => (asked[index], query.Relation))]);
        var requests = queries.Select((query, index) =>
            completer.Search(asked[index], query.Relation, Answers, withKnown: false, strictTypes: true)).ToList();
        var hits = completer.Find(encoded, requests);
        return [.. queries.Select((query, index) => completer.Candidates(asked[index], query.Relation, requests[index], hits[index]))];
    }

    private static double Value(KnowledgeGraph graph, Triple fact, FactJudgement judgement) => judgement.Probability!.Value
        / Math.Sqrt(1 + Math.Min(graph.TrainFacts.FactsOf(fact.Head).Tails.Length, graph.TrainFacts.FactsOf(fact.Tail).Tails.Length));
}
