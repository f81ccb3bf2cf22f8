using Kalm.Alignment;
using Kalm.Graph;

namespace Kalm.Tests.Alignment;

public class InducedFactsTests
{
    [Fact]
    public void Further_rows_are_all_train_facts_among_the_entities_once()
    {
        using var folder = FamilyGraph.Make();
        var graph = folder.Load();
        var drawn = graph.Train.Where(triple => triple.Relation == 0).Take(24)
            .SelectMany(triple => new[] { graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head) }).ToList();
        var rows = new InducedFacts(graph).AddTo(drawn);
        Assert.Equal(drawn, rows.Take(drawn.Count));
        var entities = drawn.SelectMany(row => new[] { row.Head, row.Tail }).ToHashSet();
        var expected = graph.Train.Where(triple => entities.Contains(triple.Head) && entities.Contains(triple.Tail))
            .SelectMany(triple => new[] { graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head) })
            .Select(row => Once(graph, row)).ToHashSet();
        Assert.True(expected.Count > drawn.Count);
        Assert.Equal(expected.Count, rows.Count);
        Assert.Equal(expected, rows.Select(row => Once(graph, row)).ToHashSet());
    }

    private static DirectedRow Once(KnowledgeGraph graph, DirectedRow row) =>
        row.DirectedRelation >= graph.RelationCount && graph.Relations[row.DirectedRelation - graph.RelationCount].IsSymmetric
            ? row with { DirectedRelation = row.DirectedRelation - graph.RelationCount } : row;
}
