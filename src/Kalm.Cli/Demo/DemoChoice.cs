using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Cli.Demo;

/// <summary>What is shown of a graph too large to show whole. The choice looks at the graph alone, never at a model's answers.</summary>
internal static class DemoChoice
{
    private const int Completions = 5;
    private const int Groups = 5;
    private const int Members = 8;

    /// <summary>One tail query for each of the most frequent relations of the split, from different places of it.</summary>
    public static IReadOnlyList<CompletionQuery> Queries(KnowledgeGraph graph, IReadOnlyList<CompletionQuery> queries) =>
        [.. queries.Where(query => query.Side == Side.Tail && !AnswerInText.Holds(graph, query))
            .GroupBy(query => query.DirectedRelation).OrderByDescending(group => group.Count()).ThenBy(group => group.Key).Take(Completions)
            .Select((group, index) => group.ElementAt(group.Count() * (2 * index + 1) / (2 * Completions)))];

    /// <summary>Some entities, those that share an answer to one relation together: of the sample's countries, those of a region.</summary>
    public static IReadOnlyList<int> Entities(KnowledgeGraph graph)
    {
        var relation = Enumerable.Range(0, graph.RelationCount).FirstOrDefault(index => graph.Relations[index].Id == "in_region");
        var groups = graph.Train.Where(triple => triple.Relation == relation).GroupBy(triple => triple.Tail).Where(group => group.Count() >= Members).ToList();
        return [.. Enumerable.Range(0, Math.Min(Groups, groups.Count)).SelectMany(index => groups[index * groups.Count / Math.Min(Groups, groups.Count)]
            .Select(triple => triple.Head).Take(Members)).Distinct()];
    }
}
