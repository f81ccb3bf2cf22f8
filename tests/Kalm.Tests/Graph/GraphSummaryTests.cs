using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests.Graph;

public class GraphSummaryTests
{
    [Fact]
    public void Counts_a_small_graph_by_hand()
    {
        using var files = SmallGraph.Kalm()
            .With("entities.dict", "0\tcar\n1\twheel\n2\tspoke\n3\ttruck\n4\tplane\n5\tboat\n")
            .With("entityId2text.dict", "0\tvehicle\n1\ta round part\n2\ta  rod\n3\tvehicle\n4\tflies\n5\tvehicle\n")
            .With("entityText_short.txt", "car\nwheel\nspoke\ncar\nplane\nboat\n")
            .With("train.txt", "car\t_has_part\twheel\ncar\t_has_part\twheel\nwheel\t_has_part\tspoke\ncar\t_similar_to\ttruck\n")
            .With("valid.txt", "plane\t_has_part\twheel\nplane\t_has_part\tboat\nwheel\t_has_part\tspoke\n")
            .With("test.txt", "truck\t_similar_to\tcar\nboat\t_has_part\tspoke\n");
        var graph = files.Load();
        var summary = GraphSummary.Of(graph);
        Assert.Equal(6, summary.Entities);
        Assert.Equal([new RelationSummary(graph.Relations[0], new SplitCounts(2, 3, 1)),
            new RelationSummary(graph.Relations[1], new SplitCounts(1, 0, 1))], summary.Relations);
        Assert.Equal(new SplitCounts(3, 3, 2), summary.Triples);
        Assert.Equal(8, summary.Triples.Total);
        Assert.Equal(new SplitCounts(1, 0, 0), summary.RepeatedTriples);
        Assert.Equal(new SplitCounts(0, 1, 0), summary.TriplesAlsoInTrain);
        Assert.Equal(new SplitCounts(0, 2, 1), summary.UnseenEntities);
        Assert.Equal(new SplitCounts(0, 2, 1), summary.TriplesWithUnseenEntity);
        Assert.Equal(new SplitCounts(0, 0, 2), summary.LeakedQueries);
        Assert.Equal(2, summary.EntitiesSharingAName);
        Assert.Equal(3, summary.EntitiesSharingADescription);
        Assert.Equal(9 / 6.0, summary.AverageDescriptionWords);
        Assert.Equal(3, summary.MaximumDescriptionWords);
    }
}
