using Kalm.Engine;
using static TorchSharp.torch;

namespace Kalm.Tests.Engine;

/// <summary>The setting is the process's, so these run beside nothing else.</summary>
[CollectionDefinition(nameof(MatrixProductsTests), DisableParallelization = true)]
[Collection(nameof(MatrixProductsTests))]
public class MatrixProductsTests : TorchTest
{
    [Fact]
    public void Rounding_changes_products_a_little_and_only_for_its_time()
    {
        Assert.SkipUnless(MatrixProducts.CanRound, "the processor has no AMX-BF16");
        var (left, right) = (randn(256, 256), randn(256, 256));
        var exact = left.mm(right);

        Tensor rounded;
        using (MatrixProducts.Round(true))
            rounded = left.mm(right);

        var difference = ((rounded - exact).abs().max() / exact.abs().max()).ReadNumber();
        Assert.InRange(difference, 1e-5, 1e-2);
        Assert.Equal(0, (left.mm(right) - exact).abs().max().ReadNumber());
    }

    [Fact]
    public void Nothing_is_rounded_where_it_is_not_wanted()
    {
        var (left, right) = (randn(64, 64), randn(64, 64));
        var exact = left.mm(right);
        using var rounding = MatrixProducts.Round(false);
        Assert.Equal(0, (left.mm(right) - exact).abs().max().ReadNumber());
    }
}
