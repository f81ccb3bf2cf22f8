using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>Adapted matrices multiplied together against the formula, written out in the engine's operations.</summary>
public class AdaptedProductsTests : TorchTest
{
    [Theory]
    [InlineData(ScalarType.Float32, 0, 1e-5)]
    [InlineData(ScalarType.Float32, 0.3, 1e-5)]
    [InlineData(ScalarType.BFloat16, 0, 2e-2)]
    [InlineData(ScalarType.BFloat16, 0.3, 2e-2)]
    public void Values_and_gradients_are_those_of_the_formula(ScalarType type, double dropout, double most)
    {
        const int Tokens = 33, Width = 40;
        var (outs, ranks) = (new[] { 24, 7 }, new[] { 4, 3 });
        using var scale = 1.5.ToScalar();
        var matrices = outs.Zip(ranks, (wide, rank) => new AdaptedMatrix(
            randn(wide, Width).to(type), randn(rank, Width).requires_grad_(), randn(wide, rank).requires_grad_(), scale)).ToArray();
        Tensor[] masks = dropout == 0 ? []
            : [.. matrices.Select(_ => empty(Tokens, Width).bernoulli_(1 - dropout).div((1 - dropout).ToScalar()).to(type))];
        var input = randn(Tokens, Width).requires_grad_();
        var slopes = outs.Select(wide => randn(Tokens, wide)).ToArray();

        var made = AdaptedProducts.Apply(input, matrices, masks);
        Assert.All(made, output => Assert.Equal(ScalarType.Float32, output.dtype));
        (made[0] * slopes[0]).sum().Plus((made[1] * slopes[1]).sum()).backward();
        var gradients = Gradients();

        var expected = matrices.Select((matrix, index) => Formula(matrix, index)).ToArray();
        (expected[0] * slopes[0]).sum().Plus((expected[1] * slopes[1]).sum()).backward();
        foreach (var (output, right) in made.Zip(expected))
            AssertClose(output, right);
        foreach (var (gradient, right) in gradients.Zip(Gradients()))
            AssertClose(gradient, right);

        Tensor Formula(AdaptedMatrix matrix, int index)
        {
            var dropped = masks.Length == 0 ? input : input * masks[index].to(ScalarType.Float32);
            return input.mm(matrix.Weight.to(ScalarType.Float32).t()).add(dropped.mm(matrix.Down.t()).mm(matrix.Up.t()), scale);
        }

        Tensor[] Gradients()
        {
            Tensor[] leaves = [input, .. matrices.Select(matrix => matrix.Down), .. matrices.Select(matrix => matrix.Up)];
            return Array.ConvertAll(leaves, leaf =>
            {
                var gradient = leaf.grad!.clone();
                leaf.grad!.zero_();
                return gradient;
            });
        }

        void AssertClose(Tensor made, Tensor right)
        {
            Assert.Equal(right.shape, made.shape);
            Assert.InRange(((made - right).abs().max() / right.abs().max()).ReadNumber(), 0, most);
        }
    }

    [Fact]
    public void An_input_that_learns_nothing_gets_no_gradient()
    {
        using var scale = 1.ToScalar();
        var matrix = new AdaptedMatrix(randn(5, 8), randn(2, 8).requires_grad_(), randn(5, 2).requires_grad_(), scale);
        var input = randn(3, 8);
        AdaptedProducts.Apply(input, [matrix], [])[0].sum().backward();
        Assert.Null(input.grad);
        Assert.NotNull(matrix.Down.grad);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(37)]
    public void Short_numbers_are_added_in_single_precision(int count)
    {
        var parts = Enumerable.Range(0, 3).Select(_ => randn(count).bfloat16()).ToArray();
        var right = parts.Select(part => part.to(ScalarType.Float32)).Aggregate((sum, part) => sum.Plus(part));
        Assert.True(ShortNumbers.Sum(parts).allclose(right, rtol: 1e-6, atol: 1e-6));
        Assert.True(ShortNumbers.Sum(parts.AsSpan()[..1]).equal(parts[0].to(ScalarType.Float32)).all().item<bool>());
    }
}
