using System.Text.Json.Nodes;

namespace Kalm.Evaluation.Comparison;

/// <summary>A measure of two models on the same queries.</summary>
/// <param name="Name">mrr, hits@1, hits@3 or hits@10.</param>
/// <param name="First">The first model's mean.</param>
/// <param name="Second">The second model's mean.</param>
/// <param name="Difference">The second's less the first's, and how sure that is.</param>
public sealed record MeasureComparison(string Name, double First, double Second, BootstrapDifference Difference);

/// <summary>The MRR of two models on one relation, both sides.</summary>
/// <param name="Relation">The relation's id.</param>
/// <param name="Queries">How many queries it has.</param>
/// <param name="First">The first model's MRR.</param>
/// <param name="Second">The second model's MRR.</param>
public sealed record ComparedRelation(string Relation, int Queries, double First, double Second)
{
    /// <summary>The second's MRR less the first's.</summary>
    public double Difference => Second - First;
}

/// <summary>Two models compared by the ranks that they give the answers of the same queries.</summary>
/// <param name="Queries">How many.</param>
/// <param name="Measures">MRR and Hits@1, 3 and 10.</param>
/// <param name="Wins">Queries whose answer the second ranks better.</param>
/// <param name="Ties">Queries whose answer both rank alike.</param>
/// <param name="Losses">Queries whose answer the second ranks worse.</param>
/// <param name="Relations">All relations, those with the greatest difference of MRR first.</param>
public sealed record RankComparison(
    int Queries, IReadOnlyList<MeasureComparison> Measures, int Wins, int Ties, int Losses, IReadOnlyList<ComparedRelation> Relations)
{
    private static readonly (string Name, Func<double, double> Value)[] Measured =
    [
        ("mrr", rank => 1 / rank), ("hits@1", rank => rank <= 1 ? 1 : 0), ("hits@3", rank => rank <= 3 ? 1 : 0),
        ("hits@10", rank => rank <= 10 ? 1 : 0),
    ];

    /// <summary>Compares.</summary>
    /// <param name="pairs">At least one.</param>
    /// <param name="resamples">How many draws of the queries tell how sure a difference is.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="progress">Told how many are drawn; may be null.</param>
    /// <param name="cancellation">Stops between draws.</param>
    public static RankComparison Of(
        IReadOnlyList<PairedRank> pairs, int resamples, long seed, IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var differences = pairs.SelectMany(pair => Measured.Select(measure => measure.Value(pair.Second) - measure.Value(pair.First)));
        var sure = PairedBootstrap.Of([.. differences], Measured.Length, resamples, seed, progress, cancellation);
        return new RankComparison(
            pairs.Count,
            [.. Measured.Zip(sure, (measure, difference) => new MeasureComparison(
                measure.Name, pairs.Average(pair => measure.Value(pair.First)), pairs.Average(pair => measure.Value(pair.Second)),
                difference))],
            pairs.Count(pair => pair.Second < pair.First), pairs.Count(pair => pair.Second == pair.First),
            pairs.Count(pair => pair.Second > pair.First),
            [.. pairs.GroupBy(pair => pair.Relation).Select(group => new ComparedRelation(
                    group.Key, group.Count(), group.Average(pair => 1 / pair.First), group.Average(pair => 1 / pair.Second)))
                .OrderByDescending(relation => Math.Abs(relation.Difference)).ThenByDescending(relation => relation.Queries)]);
    }

    /// <summary>The comparison as JSON, without what the caller adds about the two models.</summary>
    public JsonObject ToJson() => new()
    {
        ["queries"] = Queries,
        ["measures"] = new JsonObject(Measures.Select(measure => KeyValuePair.Create(measure.Name, (JsonNode?)new JsonObject
        {
            ["first"] = measure.First,
            ["second"] = measure.Second,
            ["difference"] = measure.Difference.Difference,
            ["low"] = measure.Difference.Low,
            ["high"] = measure.Difference.High,
            ["p"] = measure.Difference.Probability,
        }))),
        ["wins"] = Wins,
        ["ties"] = Ties,
        ["losses"] = Losses,
        ["relations"] = new JsonArray([.. Relations.Select(relation => (JsonNode)new JsonObject
        {
            ["relation"] = relation.Relation,
            ["queries"] = relation.Queries,
            ["first"] = relation.First,
            ["second"] = relation.Second,
            ["difference"] = relation.Difference,
        })]),
    };
}
