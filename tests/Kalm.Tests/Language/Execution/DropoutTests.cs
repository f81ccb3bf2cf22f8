using Kalm.Language.Execution;
using Kalm.Language.Model;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

public class DropoutTests : TorchTest
{
    [Fact]
    public void The_share_is_dropped_and_the_rest_keeps_the_mean()
    {
        using var scope = NewDisposeScope();
        using var dropout = new Dropout(0.2);
        using var randomness = new Generator(5);
        var found = dropout.Apply(ones(100, 1000), randomness).data<float>().ToArray();
        Assert.Equal(0.2, found.Count(value => value == 0) / 1e5, 0.01);
        Assert.All(found, value => Assert.True(value is 0 or 1.25f));
    }

    [Fact]
    public void Nothing_is_dropped_without_randomness()
    {
        using var scope = NewDisposeScope();
        using var dropout = new Dropout(0.2);
        var input = ones(10);
        Assert.Same(input, dropout.Apply(input, null));
    }

    [Fact]
    public void A_training_pass_drops_by_its_seed_and_reading_never()
    {
        using var model = Generation.FixtureModel.Load(Generation.FixtureModel.Names().First().Data);
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 2, dropout: 0.3);
        using var plain = new DecoderPool(model, null, null, 2);
        TokenRow[] rows = [.. Enumerable.Range(0, 6).Select(start => TokenRow.Sequence([.. Enumerable.Range(start, 9)], [8]))];
        Assert.Equal(Pass(1), Pass(1));
        Assert.NotEqual(Pass(1), Pass(2));
        using var read = pool.Read(rows, null, TestContext.Current.CancellationToken);
        using var expected = plain.Read(rows, null, TestContext.Current.CancellationToken);
        // The one that only reads multiplies few rows by an operation of its own.
        Assert.True(expected.allclose(read, 1e-5, 1e-5));

        float[] Pass(long seed)
        {
            using var pass = pool.Forward(rows, seed);
            return pass.States.data<float>().ToArray();
        }
    }
}
