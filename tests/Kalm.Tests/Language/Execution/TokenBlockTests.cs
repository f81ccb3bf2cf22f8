using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

public class TokenBlockTests : TorchTest
{
    [Fact]
    public void A_window_that_holds_the_block_needs_no_mask()
    {
        using var block = new TokenBlock([TokenRow.Sequence(new int[7], [6]), TokenRow.Sequence(new int[3], [2])], CPU);

        Assert.Null(block.Mask(null));
        Assert.Null(block.Mask(7));
        Assert.NotNull(block.Mask(6));
        Assert.Same(block.Mask(6), block.Mask(6));
    }

    [Fact]
    public void A_window_counts_positions_not_places_in_the_row()
    {
        // A prefix at positions 0 1 2, a branch at 3 4, and another at 3 4 5.
        var tree = new TextTree([5, 6, 7], [Branch.ReadAtEnd([8, 9]), Branch.ReadAtEnd([10, 11, 12])]);
        using var block = new TokenBlock([.. tree.ToRows(100)], CPU);

        Assert.Equal("x.......,xx......,xxx.....,.xxx....,..xxx...,.xx..x..,..x..xx.,.....xxx", Seen(block.Mask(3)!));
        Assert.Equal("x.......,xx......,xxx.....,xxxx....,xxxxx...,xxx..x..,xxx..xx.,xxx..xxx", Seen(block.Mask(null)!));
        Assert.Same(block.Mask(null), block.Mask(6));
    }

    [Fact]
    public void A_prefix_may_see_all_of_itself_and_none_of_its_branches()
    {
        var tree = new TextTree([5, 6, 7], [Branch.ReadAtEnd([8, 9]), Branch.ReadAtEnd([10])]) { SeesWholePrefix = true };
        using var block = new TokenBlock([.. tree.ToRows(100)], CPU);

        Assert.Equal("xxx...,xxx...,xxx...,xxxx..,xxxxx.,xxx..x", Seen(block.Mask(null)!));
        // A window bounds what lies before a token alone.
        Assert.Equal("xxx...,xxx...,.xx...,..xx..,...xx.,..x..x", Seen(block.Mask(2)!));
        using var alone = new TokenBlock([new TokenRow([1, 2], [0, 1], [0, 0], [1]) { SeesWholePrefix = true }], CPU);
        Assert.Equal("xx,xx", Seen(alone.Mask(null)!));
    }

    [Fact]
    public void A_mask_leaves_padding_one_finite_score()
    {
        using var block = new TokenBlock([TokenRow.Sequence(new int[4], [3]), TokenRow.Sequence(new int[2], [1])], CPU);
        Assert.Equal("x...,xx..,.xx.,..xx,x...,xx..,..x.,...x", Seen(block.Mask(2)!));
    }

    private static string Seen(Tensor mask) => string.Join(',', mask.contiguous().data<bool>().ToArray().Chunk((int)mask.shape[3])
        .Select(line => string.Concat(line.Select(value => value ? 'x' : '.'))));
}
