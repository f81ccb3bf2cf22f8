using Kalm.Graph;

namespace Kalm.Cli.Plots;

/// <summary>The entities that a heat map shows of a graph too large to show whole. The choice looks at the graph alone, never at a
/// model.</summary>
internal static class EntityGroups
{
    private const int Groups = 5;
    private const int Members = 8;

    /// <summary>Entities that share an answer to one relation, group by group: of the sample's countries, those of a region. The relation
    /// is the one that puts most entities of train into groups that fill a block of the map; a graph without any gives its first
    /// entities.</summary>
    public static IReadOnlyList<int> Choose(KnowledgeGraph graph)
    {
        var relation = graph.Train.GroupBy(triple => triple.Relation).OrderBy(triples => triples.Key)
            .Select(triples => triples.GroupBy(triple => triple.Tail).Where(group => group.Count() >= Members).ToList())
            .MaxBy(groups => groups.Sum(group => group.Count()));
        if (relation is not { Count: > 0 } groups)
            return [.. Enumerable.Range(0, Math.Min(Groups * Members, graph.Entities.Count))];
        var shown = Math.Min(Groups, groups.Count);
        return [.. Enumerable.Range(0, shown)
            .SelectMany(index => groups[index * groups.Count / shown].Select(triple => triple.Head).Take(Members)).Distinct()];
    }
}
