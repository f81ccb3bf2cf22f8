using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Training;

public class MuonTests : TorchTest
{
    private const string Matrix = "model.layers.0.mlp.gate_proj.weight";

    [Theory]
    [InlineData(24, 24)]
    [InlineData(16, 48)]
    [InlineData(48, 16)]
    public void The_step_has_the_gradients_directions_and_singular_values_near_one(int rows, int columns)
    {
        var gradient = randn(rows, columns);

        var found = Muon.Orthogonal(gradient);

        var (left, values, right) = linalg.svd(gradient, fullMatrices: false);
        var seen = left.t().mm(found).mm(right.t());
        using var one = 1.ToScalar();
        var strong = values.gt(0.05.ToScalar()).to(ScalarType.Float32);
        // In the gradient's own directions the step is diagonal, with entries near 1 wherever the gradient is not tiny.
        Assert.True((seen - seen.diagonal().diag()).abs().max().ReadNumber() < 1e-4);
        Assert.True(((seen.diagonal() - ones_like(values)) * strong).abs().max().ReadNumber() < 0.4);
    }

    [Fact]
    public void A_matrix_of_zeros_stays_where_it_is() =>
        Assert.Equal(0, Muon.Orthogonal(zeros(8, 4)).abs().max().ReadNumber());

    [Fact]
    public void Layers_matrices_take_muons_steps_and_everything_else_adamws()
    {
        var values = new Dictionary<string, Tensor>
        {
            [TensorNames.Embedding] = randn(10, 8), [Matrix] = randn(16, 8), ["model.layers.0.input_layernorm.weight"] = ones(8),
        };
        using var mixed = new ParameterSet(values, CPU);
        using var plain = new ParameterSet(values, CPU);
        using var muon = new AdamW(mixed, 0.1, muon: true);
        using var adamw = new AdamW(plain, 0.1);
        var gradient = randn(mixed.Count);

        muon.Step(gradient, 0.01);
        adamw.Step(gradient, 0.01);

        foreach (var name in values.Keys)
        {
            using var found = mixed[name];
            using var expected = plain[name];
            Assert.Equal(name != Matrix, found.equal(expected).all().ReadNumber() == 1);
        }
        Assert.Equal(16 * 8, mixed.LayerMatrixCount);
        // Decay first, then a step whose numbers have the size that AdamW's usually have, 0.2 of the rate.
        using var kept = 0.999.ToScalar();
        using var matrix = mixed[Matrix];
        var step = (matrix - values[Matrix] * kept).pow(2.ToScalar()).mean().ReadNumber();
        Assert.Equal(0.2 * 0.01, Math.Sqrt(step), 0.0005);
    }
}
