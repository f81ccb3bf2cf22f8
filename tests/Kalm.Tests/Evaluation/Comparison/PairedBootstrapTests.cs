using Kalm.Evaluation.Comparison;

namespace Kalm.Tests.Evaluation.Comparison;

public class PairedBootstrapTests
{
    [Fact]
    public void Where_nothing_differs_the_difference_is_zero_and_p_is_one()
    {
        var result = Assert.Single(Draw(new double[50], 1, 200, 1));
        Assert.Equal(new BootstrapDifference(0, 0, 0, 1), result);
    }

    [Fact]
    public void Two_queries_of_which_one_differs_are_drawn_as_computed_by_hand()
    {
        // Draws of two out of (1/2, 0): both the first 1/4, one of each 1/2, both the second 1/4; as far from the sum 1/2 as it is
        // from 0 lie the first and the last.
        var result = Assert.Single(Draw([0.5, 0], 1, 20_000, 1));
        Assert.Equal(0.25, result.Difference);
        Assert.Equal(0, result.Low);
        Assert.Equal(0.5, result.High);
        Assert.Equal(0.5, result.Probability, 0.02);
    }

    [Fact]
    public void The_interval_of_shares_is_that_of_the_binomial_distribution()
    {
        // 30 of 100 queries are gained: the drawn share has mean .3 and deviation sqrt(.3 x .7 / 100).
        double[] differences = [.. Enumerable.Range(0, 100).Select(index => index < 30 ? 1.0 : 0)];
        var result = Assert.Single(Draw(differences, 1, 20_000, 1));
        var reach = 1.96 * Math.Sqrt(0.3 * 0.7 / 100);
        Assert.Equal(0.3 - reach, result.Low, 0.011);
        Assert.Equal(0.3 + reach, result.High, 0.011);
        Assert.True(result.Probability < 0.001);
    }

    [Fact]
    public void Equal_seeds_draw_the_same_and_others_do_not()
    {
        var random = new Random(3);
        double[] differences = [.. Enumerable.Range(0, 60).Select(_ => random.NextDouble() - 0.45)];
        Assert.Equal(Draw(differences, 2, 500, 7), Draw(differences, 2, 500, 7));
        Assert.NotEqual(Draw(differences, 2, 500, 7), Draw(differences, 2, 500, 8));
    }

    [Fact]
    public void Intervals_hold_the_true_difference_and_p_is_small_by_chance_about_as_often_as_they_promise()
    {
        const int Trials = 300;
        var random = new Random(5);
        var (covered, small) = (0, 0);
        for (var trial = 0; trial < Trials; trial++)
        {
            double[] differences = [.. Enumerable.Range(0, 80).Select(_ => random.NextDouble() - 0.5)];
            var result = Draw(differences, 1, 300, trial)[0];
            covered += result.Low <= 0 && result.High >= 0 ? 1 : 0;
            small += result.Probability < 0.05 ? 1 : 0;
        }
        Assert.InRange(covered / (double)Trials, 0.9, 0.99);
        Assert.InRange(small / (double)Trials, 0.01, 0.1);
    }

    [Fact]
    public void A_shift_is_found_and_measures_are_kept_apart()
    {
        var random = new Random(9);
        double[] differences = [.. Enumerable.Range(0, 400).SelectMany(_ => new[]
        {
            random.NextDouble() - 0.3, 0.5 - random.NextDouble(), 0,
        })];
        var results = Draw(differences, 3, 1000, 1);
        Assert.True(results[0] is { Probability: < 0.01, Low: > 0.1, High: < 0.3 });
        Assert.True(results[1] is { Low: < 0.05, High: > -0.05 });
        Assert.Equal(1, results[2].Probability);
    }

    private static IReadOnlyList<BootstrapDifference> Draw(double[] differences, int measures, int resamples, long seed) =>
        PairedBootstrap.Of(differences, measures, resamples, seed, cancellation: TestContext.Current.CancellationToken);
}
