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

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Neighbourhoods_hold_every_triple_once_a_pass_too(double share)
    {
        var sampler = new RowSampler(Graph, 8, bothDirections: true, seed: 5, share, 4);
        var drawn = Enumerable.Range(0, 200).SelectMany(step => sampler.Batch(step)).ToArray();
        var expected = Graph.Train.SelectMany(triple => new[] { Graph.Row(triple, Side.Tail), Graph.Row(triple, Side.Head) }).ToHashSet();
        Assert.True(drawn.Length > 2 * expected.Count);
        Assert.True(expected.SetEquals(drawn[..expected.Count]));
        Assert.True(expected.SetEquals(drawn[expected.Count..(2 * expected.Count)]));
        Assert.Equal(drawn[16..32], new RowSampler(Graph, 8, bothDirections: true, seed: 5, share, 4).Batch(1));
    }

    [Fact]
    public void Entities_repeat_in_neighbourhoods()
    {
        Assert.True(Entities(1) < 0.75 * Entities(0));
        Assert.InRange(Entities(0.5), Entities(1), Entities(0));

        int Entities(double share)
        {
            var sampler = new RowSampler(Graph, 8, bothDirections: true, seed: 5, share, 8);
            return Enumerable.Range(0, Graph.Train.Count / 16).Sum(step => sampler.Batch(step).Select(row => row.Head).Distinct().Count());
        }
    }

    private static KnowledgeGraph Load()
    {
        using var folder = FamilyGraph.Make(3);
        return folder.Load();
    }
}
