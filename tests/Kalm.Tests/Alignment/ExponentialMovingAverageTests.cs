using Kalm.Alignment;
using Kalm.Language.Model;
using static TorchSharp.torch;

namespace Kalm.Tests.Alignment;

public sealed class ExponentialMovingAverageTests : TorchTest
{
    private readonly ParameterSet learned;

    public ExponentialMovingAverageTests() => learned = new([KeyValuePair.Create("w", tensor(new float[] { 1, 2 }))], CPU);

    [Fact]
    public void The_mean_is_the_values_with_exponential_weights_that_start_short()
    {
        using var average = new ExponentialMovingAverage(learned, 0.5);
        var expected = new double[] { 1, 2 };
        for (var step = 0; step < 20; step++)
        {
            float[] values = [step * step, -step];
            learned.Values.copy_(tensor(values));
            average.Update(step);
            var kept = Math.Min(0.5, (1.0 + step) / (10 + step));
            for (var index = 0; index < 2; index++)
                expected[index] = kept * expected[index] + (1 - kept) * values[index];
        }
        Assert.Equal(expected, Numbers(average.Values!), Near);
    }

    [Fact]
    public void The_mean_stands_in_for_the_values_only_while_it_is_used()
    {
        using var average = new ExponentialMovingAverage(learned, 0.9);
        learned.Values.copy_(tensor(new float[] { 5, 6 }));
        using (average.Use())
            Assert.Equal([1, 2], Numbers(learned.Values));
        Assert.Equal([5, 6], Numbers(learned.Values));
    }

    [Fact]
    public void Without_a_decay_there_is_no_mean()
    {
        using var average = new ExponentialMovingAverage(learned, 0);
        average.Update(0);
        using (average.Use())
            Assert.Equal([1, 2], Numbers(learned.Values));
        Assert.Null(average.Values);
    }

    private static bool Near(double expected, double found) => Math.Abs(expected - found) < 1e-4;

    private static double[] Numbers(Tensor values) => [.. values.data<float>().Select(value => (double)value)];
}
