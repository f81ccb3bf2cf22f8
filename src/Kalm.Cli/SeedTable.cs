using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Evaluation;

namespace Kalm.Cli;

/// <summary>What runs that differ by their seed came to, a row each, with mean and standard deviation below.</summary>
internal static class SeedTable
{
    private const string Mean = "mean";
    private const string Deviation = "standard deviation";

    /// <summary>The validations that chose each run's step.</summary>
    public static ResultTable Of(SeedSummary summary)
    {
        var table = new ResultTable(
            "validation at the kept step", ["seed", "kept step", "MRR", "Hits@1", "Hits@3", "Hits@10", "seconds"]);
        foreach (var (folder, run, validation) in summary.Runs)
            table.Add(folder, run.BestStep is { } step ? $"{step:N0}" : "-", Cell(validation?.MeanReciprocalRank),
                Cell(validation?.HitsAt1), Cell(validation?.HitsAt3), Cell(validation?.HitsAt10), $"{run.Seconds:F1}");
        Spread?[] spreads = [summary.MeanReciprocalRank, summary.HitsAt1, summary.HitsAt3, summary.HitsAt10];
        table.Add([Mean, "", .. spreads.Select(spread => Cell(spread?.Mean)), ""]);
        table.Add([Deviation, "", .. spreads.Select(spread => Cell(spread?.Deviation)), ""]);
        return table;
    }

    /// <summary>The evaluations of each run, both sides.</summary>
    public static ResultTable Of(IReadOnlyList<(string Folder, CompletionReport Report)> runs)
    {
        var first = runs[0].Report;
        var table = ResultTable.OfCompletion($"{first.Split} split, {first.Candidates:N0} candidates, filtered, both sides", "seed");
        foreach (var (folder, report) in runs)
            table.Add(folder, report.Both);
        var (rank, shares) = Spreads(runs);
        table.Add([Mean, $"{rank?.Mean:N1}", .. shares.Select(item => Cell(item.Spread?.Mean)), $"{first.Queries:N0}"]);
        table.Add([Deviation, rank?.Deviation is { } deviation ? $"{deviation:N1}" : "-",
            .. shares.Select(item => Cell(item.Spread?.Deviation)), ""]);
        return table;
    }

    /// <summary>The same for programs.</summary>
    /// <param name="runs">What was evaluated.</param>
    /// <param name="reports">All about each run.</param>
    public static JsonObject Json(IReadOnlyList<(string Folder, CompletionReport Report)> runs, IEnumerable<JsonObject> reports)
    {
        var (rank, shares) = Spreads(runs);
        var json = new JsonObject { ["split"] = runs[0].Report.Split, ["runs"] = new JsonArray([.. reports]) };
        Spread.Write(json, [("mr", rank), .. shares]);
        return json;
    }

    private static (Spread? Rank, IReadOnlyList<(string Name, Spread? Spread)> Shares) Spreads(
        IReadOnlyList<(string Folder, CompletionReport Report)> runs)
    {
        return (Of(both => both.MeanRank),
        [
            ("mrr", Of(both => both.MeanReciprocalRank)), ("hits@1", Of(both => both.HitsAt1)), ("hits@3", Of(both => both.HitsAt3)),
            ("hits@10", Of(both => both.HitsAt10)),
        ]);

        Spread? Of(Func<CompletionMetrics, double> measure) =>
            Spread.Of([.. runs.Select(run => run.Report.Both is { } both ? measure(both) : (double?)null)]);
    }

    private static string Cell(double? value) => value is { } number ? $"{number:F3}" : "-";
}
