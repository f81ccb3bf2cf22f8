using System.Collections.Immutable;
using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>A fact that somebody accepted or rejected.</summary>
/// <param name="Number">The number of the change by which it was; its id.</param>
/// <param name="Time">When that was.</param>
/// <param name="IsAccepted">Whether it is known to be true; else it is known to be false.</param>
/// <param name="Fact">The fact, by the catalog's numbers of entities.</param>
public sealed record ReviewedFact(long Number, DateTimeOffset Time, bool IsAccepted, Triple Fact);

/// <summary>The facts that people accepted or rejected beside those of the graph's splits. Immutable.</summary>
public sealed class ReviewedFacts
{
    private readonly KnowledgeGraph graph;
    private readonly ImmutableSortedDictionary<long, ReviewedFact> facts;

    // Of a query, entity and directed relation, the answers that were reviewed.
    private readonly ImmutableDictionary<(int Entity, int Relation), ImmutableSortedDictionary<int, ReviewedFact>> answers;

    private ReviewedFacts(
        KnowledgeGraph graph, ImmutableSortedDictionary<long, ReviewedFact> facts,
        ImmutableDictionary<(int Entity, int Relation), ImmutableSortedDictionary<int, ReviewedFact>> answers) =>
        (this.graph, this.facts, this.answers) = (graph, facts, answers);

    /// <summary>Of a graph of which nobody accepted or rejected a fact.</summary>
    public static ReviewedFacts None(KnowledgeGraph graph) => new(
        graph, ImmutableSortedDictionary<long, ReviewedFact>.Empty,
        ImmutableDictionary<(int Entity, int Relation), ImmutableSortedDictionary<int, ReviewedFact>>.Empty);

    /// <summary>All, in the order in which they were reviewed.</summary>
    public IEnumerable<ReviewedFact> All => facts.Values;

    /// <summary>How many there are.</summary>
    public int Count => facts.Count;

    /// <summary>The fact that a change reviewed; null when there is none, or no longer.</summary>
    public ReviewedFact? Of(long number) => facts.GetValueOrDefault(number);

    /// <summary>What was said of an answer to a query; null for nothing. Of a relation that reads the same both ways, the fact read
    /// backwards is the same.</summary>
    public ReviewedFact? Of(int entity, int directedRelation, int answer) =>
        Row(entity, directedRelation)?.GetValueOrDefault(answer)
        ?? (IsSymmetric(directedRelation) ? Row(entity, graph.InverseOf(directedRelation))?.GetValueOrDefault(answer) : null);

    /// <summary>The answers to a query that were accepted, or those that were rejected; ascending, each once.</summary>
    public int[] Answers(int entity, int directedRelation, bool areAccepted)
    {
        var found = Of(directedRelation).ToArray();
        return !IsSymmetric(directedRelation) ? found : [.. found.Union(Of(graph.InverseOf(directedRelation))).Order()];

        IEnumerable<int> Of(int relation) => (Row(entity, relation) ?? ImmutableSortedDictionary<int, ReviewedFact>.Empty)
            .Where(pair => pair.Value.IsAccepted == areAccepted).Select(pair => pair.Key);
    }

    /// <summary>With one more.</summary>
    internal ReviewedFacts With(ReviewedFact fact) => new(graph, facts.Add(fact.Number, fact), graph.Rows([fact.Fact]).Aggregate(
        answers, (table, row) => table.SetItem(
            (row.Head, row.DirectedRelation),
            (table.GetValueOrDefault((row.Head, row.DirectedRelation)) ?? ImmutableSortedDictionary<int, ReviewedFact>.Empty)
                .SetItem(row.Tail, fact))));

    /// <summary>Without one of them.</summary>
    internal ReviewedFacts Without(ReviewedFact fact) => new(graph, facts.Remove(fact.Number), graph.Rows([fact.Fact]).Aggregate(
        answers, (table, row) =>
        {
            var key = (row.Head, row.DirectedRelation);
            var left = table.TryGetValue(key, out var found) ? found.Remove(row.Tail) : null;
            return left is { Count: > 0 } ? table.SetItem(key, left) : table.Remove(key);
        }));

    /// <summary>Those that an entity is in.</summary>
    internal IReadOnlyList<ReviewedFact> With(int entity) => [.. Enumerable.Range(0, 2 * graph.RelationCount)
        .SelectMany(relation => Row(entity, relation)?.Values ?? []).Distinct()];

    private ImmutableSortedDictionary<int, ReviewedFact>? Row(int entity, int directedRelation) =>
        answers.GetValueOrDefault((entity, directedRelation));

    private bool IsSymmetric(int directedRelation) =>
        graph.DirectedRelationText(directedRelation) == graph.DirectedRelationText(graph.InverseOf(directedRelation));
}
