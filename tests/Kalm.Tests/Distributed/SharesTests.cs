using Kalm.Distributed;

namespace Kalm.Tests.Distributed;

public class SharesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(50)]
    public void Every_item_is_somebodys_and_no_load_is_far_from_the_mean(int ranks)
    {
        var random = new Random(ranks);
        int[] loads = [.. Enumerable.Range(0, 40).Select(_ => random.Next(1, 100))];

        var shares = Shares.Of(loads, ranks);

        Assert.Equal(ranks, shares.Length);
        Assert.Equal(Enumerable.Range(0, 40), shares.SelectMany(share => share).Order());
        Assert.All(shares, share => Assert.Equal(share.Order(), share));
        Assert.All(shares, share => Assert.True(share.Sum(item => loads[item]) <= loads.Sum() / ranks + loads.Max()));
    }

    [Theory]
    [InlineData(10, 4, 1, 4)]
    [InlineData(10, 4, 2, 3)]
    [InlineData(40_000, 4096, 8, 2500)]
    [InlineData(3, 4096, 4, 1)]
    [InlineData(0, 4096, 4, 4096)]
    public void Portions_are_as_many_as_fill_whole_rounds(int items, int most, int ranks, int expected) =>
        Assert.Equal(expected, Shares.Portion(items, most, ranks));
}
