using System.Runtime.CompilerServices;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using static TorchSharp.torch;

namespace Kalm.Tests.Engine;

/// <summary>The setting is the process's, so these run beside nothing else, and nothing else rounds.</summary>
[CollectionDefinition(nameof(MatrixProductsTests), DisableParallelization = true)]
[Collection(nameof(MatrixProductsTests))]
public sealed class MatrixProductsTests : TorchTest, IDisposable
{
    public MatrixProductsTests() => MatrixProducts.IsAllowed = true;

    [ModuleInitializer]
    internal static void StayExact() => MatrixProducts.IsAllowed = false;

    void IDisposable.Dispose()
    {
        MatrixProducts.IsAllowed = false;
        Dispose();
    }

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
    public void A_training_pass_with_rounded_products_has_nearly_the_same_loss_and_gradient()
    {
        Assert.SkipUnless(MatrixProducts.CanRound, "the processor has no AMX-BF16");
        using var model = FixtureModel.Load("llama_tiny");
        TokenRow[] rows = [.. Enumerable.Range(1, 9)
            .Select(length => TokenRow.Sequence([.. Enumerable.Range(0, length)], [.. Enumerable.Range(0, length)]))];
        var labels = rows.Select(row => row.Tokens.Select(token => token + 1).ToArray()).ToArray();

        var (loss, gradient) = Pass(false);
        var (roundedLoss, roundedGradient) = Pass(true);

        Assert.Equal(loss, roundedLoss, loss * 0.01);
        Assert.InRange(
            (gradient * roundedGradient).sum().ReadNumber() / (gradient.norm() * roundedGradient.norm()).ReadNumber(), 0.999, 1.0001);

        (double, Tensor) Pass(bool rounded)
        {
            using var learned = new ParameterSet(model.Weights, CPU);
            using var pool = new DecoderPool(model, learned, null, 2, roundProducts: rounded);
            Assert.Equal(rounded, pool.RoundsProducts);
            var found = pool.LanguageModelPass(rows, labels, 1, seed: 1);
            return (found, pool.SumGradients().clone());
        }
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
