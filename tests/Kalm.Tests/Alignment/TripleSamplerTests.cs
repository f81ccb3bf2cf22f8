using Kalm.Alignment;
using Kalm.Graph;

namespace Kalm.Tests.Alignment;

public class TripleSamplerTests
{
    private static readonly Triple[] Triples = [.. Enumerable.Range(0, 10).Select(index => new Triple(index, 0, index))];

    [Fact]
    public void Every_epoch_holds_every_triple_once_whatever_the_batch_size()
    {
        var sampler = new TripleSampler(Triples, 4, seed: 5);
        var drawn = Enumerable.Range(0, 5).SelectMany(step => sampler.Batch(step)).ToArray();
        Assert.Equal(Triples, drawn[..10].OrderBy(triple => triple.Head));
        Assert.Equal(Triples, drawn[10..].OrderBy(triple => triple.Head));
        Assert.NotEqual(drawn[..10], drawn[10..]);
    }

    [Fact]
    public void A_batch_can_be_drawn_again_without_the_ones_before_it()
    {
        var first = new TripleSampler(Triples, 3, seed: 5);
        var all = Enumerable.Range(0, 20).Select(step => first.Batch(step)).ToArray();
        Assert.Equal(all[17], new TripleSampler(Triples, 3, seed: 5).Batch(17));
        Assert.NotEqual(all[17], new TripleSampler(Triples, 3, seed: 6).Batch(17));
    }
}
