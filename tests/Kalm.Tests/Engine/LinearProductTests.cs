using Kalm.Engine;
using static TorchSharp.torch;

namespace Kalm.Tests.Engine;

/// <summary>Both ways of a linear map's product against double precision.</summary>
public sealed class LinearProductTests : TorchTest
{
    [Theory]
    [InlineData(1, 3, 5, false)]
    [InlineData(100, 33, 65, true)]
    [InlineData(333, 128, 384, true)]
    [InlineData(64, 576, 1536, false)]
    public void Values_and_gradients_are_those_of_the_formula(int rows, int width, int outputs, bool hasBias)
    {
        using var scope = NewDisposeScope();
        var randomness = new Generator(3);
        var (input, weight) = (randn(rows, width, generator: randomness), randn(outputs, width, generator: randomness));
        var (bias, change) = (hasBias ? randn(outputs, generator: randomness) : null, randn(rows, outputs, generator: randomness));
        var expected = Of((x, w, b) => b is null ? x.matmul(w.t()) : x.matmul(w.t()).Plus(b), float64);
        foreach (var found in new[] { Of(LinearProduct.Apply, float32), Of(LinearProduct.Convolved, float32) })
            foreach (var (ours, exact) in found.Zip(expected))
            {
                Assert.Equal(exact.shape, ours.shape);
                Assert.True(ours.is_contiguous());
                var scale = exact.abs().max().item<double>();
                Assert.InRange((ours.to(float64) - exact).abs().max().item<double>(), 0, 3e-6 * scale);
            }

        Tensor[] Of(Func<Tensor, Tensor, Tensor?, Tensor> multiply, ScalarType type)
        {
            Tensor[] given = [.. new[] { input, weight, bias }.OfType<Tensor>().Select(
                tensor => tensor.to(type).clone().detach().requires_grad_())];
            var output = multiply(given[0], given[1], given.ElementAtOrDefault(2));
            output.backward([change.to(type)]);
            return [output.detach(), .. given.Select(tensor => tensor.grad!)];
        }
    }

    [Fact]
    public void What_lies_otherwise_in_memory_is_multiplied_alike()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (wide, turned) = (randn(300, 200), randn(128, 384));
        var expected = wide.narrow(1, 50, 128).matmul(turned);
        Assert.True(allclose(expected, LinearProduct.Convolved(wide.narrow(1, 50, 128), turned.t(), null), 1e-4, 1e-3));
        Assert.True(allclose(expected, LinearProduct.Apply(wide.narrow(1, 50, 128), turned.t()), 1e-4, 1e-3));
    }
}
