using Kalm.Alignment;
using Kalm.Graph;

namespace Kalm.Tests.Alignment;

public class RowSamplerTests
{
    private static readonly KnowledgeGraph Graph = Load();

    [Fact]
    public void A_pass_holds_both_directions_of_every_triple_once_whatever_the_batch_size()
    {
        var expected = Graph.Train.SelectMany(triple => new[] { Graph.Row(triple, Side.Tail), Graph.Row(triple, Side.Head) }).ToHashSet();
        foreach (var bothDirections in new[] { true, false })
        {
            var sampler = new RowSampler(Graph, 7, bothDirections, seed: 5);
            var drawn = Enumerable.Range(0, 100).SelectMany(step => sampler.Batch(step)).ToArray();
            Assert.True(expected.SetEquals(drawn[..expected.Count]));
            Assert.True(expected.SetEquals(drawn[expected.Count..(2 * expected.Count)]));
            Assert.NotEqual(drawn[..expected.Count], drawn[expected.Count..(2 * expected.Count)]);
        }
    }

    [Fact]
    public void A_batch_counts_triples()
    {
        Assert.Equal(14, new RowSampler(Graph, 7, bothDirections: true, seed: 5).Batch(0).Count);
        Assert.Equal(7, new RowSampler(Graph, 7, bothDirections: false, seed: 5).Batch(0).Count);
    }

    [Fact]
    public void A_batch_can_be_drawn_again_without_the_ones_before_it()
    {
        var first = new RowSampler(Graph, 9, bothDirections: false, seed: 5);
        var all = Enumerable.Range(0, 60).Select(step => first.Batch(step)).ToArray();
        Assert.Equal(all[47], new RowSampler(Graph, 9, bothDirections: false, seed: 5).Batch(47));
        Assert.NotEqual(all[47], new RowSampler(Graph, 9, bothDirections: false, seed: 6).Batch(47));
    }

    private static KnowledgeGraph Load()
    {
        using var folder = FamilyGraph.Make(3);
        return folder.Load();
    }
}
