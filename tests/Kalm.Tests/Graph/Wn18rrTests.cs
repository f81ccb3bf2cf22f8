using System.Diagnostics;
using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests.Graph;

/// <summary>The real WN18RR gives the figures that are known of it.</summary>
public class Wn18rrTests(ITestOutputHelper output)
{
    [Fact]
    public void Has_the_published_size()
    {
        var folder = DataFolder.Require("wn18rr");
        var watch = Stopwatch.StartNew();
        var graph = KnowledgeGraph.Load(folder);
        output.WriteLine($"loaded in {watch.ElapsedMilliseconds} ms");
        Assert.Equal(40_943, graph.Entities.Count);
        Assert.Equal(11, graph.RelationCount);
        Assert.Equal((86_835, 3_034, 3_134), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
        Assert.Empty(graph.Warnings);
        Assert.Equal("land reform", graph.Entities[graph.EntityIndex("00260881")].Name);
        Assert.Equal("hyponym", graph.DirectedRelationText(graph.RelationIndex("_hypernym") + 11));
    }

    [Fact]
    public void Has_the_known_leaks_twins_and_unseen_entities()
    {
        var graph = KnowledgeGraph.Load(DataFolder.Require("wn18rr"));
        var watch = Stopwatch.StartNew();
        var summary = GraphSummary.Of(graph);
        output.WriteLine($"summarised in {watch.ElapsedMilliseconds} ms");
        Assert.Equal(new SplitCounts(0, 2_138, 2_172), summary.LeakedQueries);
        Assert.Equal(0.347, summary.LeakedQueries.Test / 6_268.0, 3);
        Assert.Equal(new SplitCounts(0, 198, 209), summary.UnseenEntities);
        Assert.Equal(new SplitCounts(0, 210, 210), summary.TriplesWithUnseenEntity);
        Assert.Equal(12_873, summary.EntitiesSharingAName);
        Assert.Equal(0, summary.EntitiesSharingADescription);
        Assert.Equal(14.24, summary.AverageDescriptionWords, 2);
        Assert.Equal(93, summary.MaximumDescriptionWords);
        Assert.Equal(["also see", "derivationally related form", "similar to", "verb group"],
            graph.Relations.Where(relation => relation.IsSymmetric).Select(relation => relation.Text).Order(StringComparer.Ordinal));
        Assert.Equal(34_796, summary.Relations[0].Triples.Train);
    }
}
