using Kalm.Completion.Facts;
using Kalm.Graph;

namespace Kalm.Tests.Completion.Facts;

public class FactFitTests
{
    [Fact]
    public void The_weights_are_where_loss_and_ridge_balance()
    {
        var random = new Random(3);
        var rows = Enumerable.Range(0, 300).Select(_ => new[] { random.NextDouble() * 4 - 2, random.NextDouble(), 1 }).ToList();
        var labels = rows.Select(row => random.NextDouble() < 1 / (1 + Math.Exp(-(2 * row[0] - 3 * row[1] + 0.5)))).ToList();
        double[] toward = [1, 0, 0];
        double[] ridge = [2, 1, 1e-6];
        var weights = LogisticFit.Of(rows, labels, toward, ridge);
        for (var index = 0; index < 3; index++)
        {
            var slope = ridge[index] * (weights[index] - toward[index])
                + rows.Zip(labels).Sum(item => (LogisticFit.Sigmoid(LogisticFit.Product(weights, item.First)) - (item.Second ? 1 : 0))
                    * item.First[index]);
            Assert.Equal(0, slope, 1e-6);
        }
        Assert.InRange(weights[0], 1, 3);
    }

    [Fact]
    public void Labels_that_can_be_told_apart_still_have_finite_weights()
    {
        var rows = Enumerable.Range(-50, 101).Select(value => new double[] { value, 1 }).ToList();
        var weights = LogisticFit.Of(rows, [.. rows.Select(row => row[0] > 0)], [0, 0], [1, 1e-6]);
        Assert.All(weights, weight => Assert.True(double.IsFinite(weight)));
        Assert.True(LogisticFit.Sigmoid(LogisticFit.Product(weights, [20, 1])) > 0.99);
        Assert.True(LogisticFit.Sigmoid(LogisticFit.Product(weights, [-20, 1])) < 0.01);
    }

    [Fact]
    public void Fitted_probabilities_are_what_comes_true_also_where_a_relation_is_unlike_the_others()
    {
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        var random = new Random(11);
        var (signs, facts, labels) = Draw(4000);
        var fit = FactCalibrator.Fit(
            graph, new FactSample([.. Enumerable.Range(0, 4000).Select(place => place / 8)], facts, labels), signs)!;
        var (others, otherFacts, came) = Draw(4000);
        double[] said = [.. others.Zip(otherFacts, (sign, fact) => fit.Probability(graph.Relations[fact.Relation].Id, sign))];
        foreach (var relation in new[] { 0, 1 })
        {
            int[] own = [.. Enumerable.Range(0, said.Length).Where(place => otherFacts[place].Relation == relation)];
            Assert.InRange(
                ReliabilityBins.Error(ReliabilityBins.Of([.. own.Select(place => said[place])], [.. own.Select(place => came[place])])),
                0, 0.04);
        }
        var before = ReliabilityBins.Of([.. others.Select(sign => Math.Exp(sign.ForwardLog))], came);
        Assert.True(ReliabilityBins.Error(before) > 0.1);
        var statement = fit.Statement(0.8)!;
        var stated = came.Where((_, place) => said[place] >= statement.Threshold).ToList();
        Assert.InRange(stated.Count(label => label) / (double)stated.Count, 0.72, 1);
        Assert.Null((fit with { Points = [] }).Statement(0.8));

        (List<FactSigns>, List<Triple>, List<bool>) Draw(int count)
        {
            var (drawn, made, truths) = (new List<FactSigns>(), new List<Triple>(), new List<bool>());
            for (var place = 0; place < count; place++)
            {
                var (score, like, relation) = (random.NextDouble(), random.NextDouble(), random.Next(2));
                drawn.Add(new FactSigns(score, score, -6 * (1 - score), -6 * (1 - score), like, like, 0, 1, 0, 0, 0, false));
                made.Add(new Triple(place % 50, relation, 50 + place % 40));
                truths.Add(random.NextDouble() < 1 / (1 + Math.Exp(-(6 * score + 4 * like - 7 + (relation == 0 ? 0 : 2)))));
            }
            return (drawn, made, truths);
        }
    }

    [Fact]
    public void Bins_tell_what_was_said_and_what_came_true()
    {
        double[] said = [0.05, 0.05, 0.05, 0.05, 0.95, 0.95, 1];
        bool[] labels = [true, false, false, false, true, true, false];
        var bins = ReliabilityBins.Of(said, labels);
        Assert.Equal([4, 3], bins.Select(bin => bin.Facts));
        Assert.Equal([0.25, 2 / 3.0], bins.Select(bin => bin.Share));
        Assert.Equal((4 * 0.2 + 3 * (2.9 / 3 - 2 / 3.0)) / 7, ReliabilityBins.Error(bins), 1e-12);
        Assert.Equal(0, ReliabilityBins.Error([]));
    }

    [Fact]
    public void A_threshold_reaches_its_precision_and_the_next_lower_one_does_not()
    {
        var random = new Random(8);
        double[] said = [.. Enumerable.Range(0, 2000).Select(_ => Math.Round(random.NextDouble(), 2))];
        bool[] labels = [.. said.Select(p => random.NextDouble() < p)];
        foreach (var precision in new[] { 0.5, 0.7, 0.9 })
        {
            var point = ReliabilityBins.Point(precision, said, labels)!;
            Assert.True(PrecisionAt(point.Threshold) >= precision);
            Assert.All(said.Where(p => p < point.Threshold), lower => Assert.True(PrecisionAt(lower) < precision));
            Assert.Equal(
                labels.Where((label, place) => label && said[place] >= point.Threshold).Count() / (double)labels.Count(label => label),
                point.Coverage, 1e-12);
        }
        Assert.Null(ReliabilityBins.Point(0.5, said, new bool[said.Length]));

        double PrecisionAt(double threshold)
        {
            var stated = labels.Where((_, place) => said[place] >= threshold).ToList();
            return stated.Count(label => label) / (double)stated.Count;
        }
    }
}
