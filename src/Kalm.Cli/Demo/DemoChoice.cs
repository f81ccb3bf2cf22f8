using Kalm.Completion;
using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Cli.Demo;

/// <summary>What is shown of a graph too large to show whole. The choice looks at the graph alone, never at a model's answers.</summary>
internal static class DemoChoice
{
    private const int Completions = 5;

    /// <summary>One tail query for each of the most frequent relations of the split, from different places of it.</summary>
    public static IReadOnlyList<CompletionQuery> Queries(KnowledgeGraph graph, IReadOnlyList<CompletionQuery> queries) =>
        [.. queries.Where(query => query.Side == Side.Tail && !AnswerInText.Holds(graph, query))
            .GroupBy(query => query.DirectedRelation).OrderByDescending(group => group.Count()).ThenBy(group => group.Key).Take(Completions)
            .Select((group, index) => group.ElementAt(group.Count() * (2 * index + 1) / (2 * Completions)))];

    /// <summary>The fact of the first query that the graph does not hold the other way round too, and the same turned round.</summary>
    /// <param name="queries">The first ones first.</param>
    /// <param name="known">The facts of all splits.</param>
    public static IReadOnlyList<Triple> Claims(IReadOnlyList<CompletionQuery> queries, FactSplits known) =>
        [.. queries.Select(query => (Fact: query.Triple, Turned: new Triple(query.Triple.Tail, query.Triple.Relation, query.Triple.Head)))
            .Where(pair => known.Of(pair.Turned.Head, pair.Turned.Relation, pair.Turned.Tail) is null)
            .Take(1).SelectMany(pair => new[] { pair.Fact, pair.Turned })];
}
