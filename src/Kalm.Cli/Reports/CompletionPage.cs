using Kalm.Cli.Plots;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Cli.Reports;

/// <summary>The report of evaluate completion, and the parts of it that a demonstration shows too.</summary>
internal static class CompletionPage
{
    /// <summary>What its measures mean.</summary>
    public static readonly (string Word, string Meaning)[] Measures =
    [
        ("query", "A triple of the split without its tail, or without its head; the answer is sought among all entities."),
        ("rank", "The place of the right answer when other known answers are left out (filtered); ties count as their mean."),
        ("MRR", "The mean of 1 / rank: 1 when every right answer is first."),
        ("Hits@1, Hits@10", "The share of queries whose right answer is first, or among the first ten."),
        ("relation-frequency baseline", "Reads no text: a candidate scores as often as it answers the query's relation in train. "
            + "What a model has beyond it, it understood of the query's entity."),
    ];

    /// <summary>Writes the page.</summary>
    /// <param name="report">The figures.</param>
    /// <param name="model">The model as given.</param>
    /// <param name="completer">Tells what the model answers and why.</param>
    /// <param name="ranked">The queries with their ranks.</param>
    /// <param name="facts">How far its probabilities can be trusted; null where that cannot be told.</param>
    public static string Html(
        CompletionReport report, string model, Completer completer, IReadOnlyList<RankedQuery> ranked, FactEvaluation? facts)
    {
        var graph = completer.Graph;
        var known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        var baseline = RelationFrequency.Rank(graph, [.. ranked.Select(item => item.Query)], known);
        var page = new ReportPage($"Completion of {Path.GetFileName(Path.TrimEndingDirectorySeparator(graph.Path))}, {report.Split} split")
            .Say($"{model}, {report.Queries:N0} queries, {report.Candidates:N0} candidates, filtered; {report.LeakedQueries:N0} queries "
                + "are leaked: train holds their pair the other way round.")
            .Section("Figures").Define([.. Measures, ("MR", "The mean of the ranks: lower is better.")])
            .Table(["", "MR", "MRR", "Hits@1", "Hits@10", "queries"],
            [
                Row("relation-frequency baseline", CompletionMetrics.Of(baseline)),
                Row("the model", report.Both), Row("tail side", report.Tail), Row("head side", report.Head),
                Row("without leaked queries", report.BothWithoutLeaked),
                Row("the baseline without them", CompletionMetrics.Of(baseline.Where((_, place) => !ranked[place].Query.Leaked))),
            ]);
        var (best, worst) = ReportedAnswer.Of(completer, known, ranked);
        Answers(page, best, worst);
        Facts(page, facts, report.Split);
        return page.ToString();
    }

    /// <summary>The ten best and the ten worst answers, with their evidence.</summary>
    public static void Answers(ReportPage page, IReadOnlyList<ReportedAnswer> best, IReadOnlyList<ReportedAnswer> worst) =>
        page.Section("Its ten best answers").Say("Queries whose right answer ranks highest, of as many relations as there are.")
            .Table(ReportedAnswer.Headings, best.Select(answer => answer.Cells), isStacked: true)
            .Section("Its ten worst answers").Say("Queries whose right answer ranks lowest.")
            .Table(ReportedAnswer.Headings, worst.Select(answer => answer.Cells), isStacked: true)
            .Note("The probability is that of the model's first answer being the one; most like it in train is the fact of the same "
                + "relation whose ends are nearest.");

    /// <summary>How far the probabilities of facts can be trusted; why it is not told where <paramref name="facts"/> is null.</summary>
    public static void Facts(ReportPage page, FactEvaluation? facts, string split)
    {
        page.Section("How sure a fact is");
        if (facts is null)
        {
            page.Say("The validation split is too small to tell.");
            return;
        }
        page.Say($"{facts.TrueFacts:N0} facts of the {split} split and {facts.Facts - facts.TrueFacts:N0} false ones like them, told "
                + "apart.")
            .Define(
                ("calibration error", "How far a probability is on average from the share that is true: 0 when of what is given 70 % "
                    + "seven in ten are true. Before is the probability of the answer taken for that of the fact."),
                ("accuracy", "The share told right at a probability of a half; the baseline calls every fact false."),
                ("threshold", "The least probability of a fact that is stated, chosen on the validation split."),
                ("precision", "The share that is true of what is stated, which is what has at least the threshold's probability."),
                ("coverage", "The share of the true facts that are stated."))
            .Table(["", "before, or baseline", "probability of the fact"],
            [
                ["calibration error", $"{facts.ErrorBefore:F3}", $"{facts.Error:F3}"],
                ["accuracy", $"{1 - facts.TrueFacts / (double)facts.Facts:F3}", $"{facts.Accuracy:F3}"],
                ["threshold", "", facts.Threshold is { } threshold ? $"{threshold:F2}" : "none reached the wanted precision"],
                ["precision", $"{facts.TrueFacts / (double)facts.Facts:F3}", facts.Precision is { } precision ? $"{precision:F3}" : "-"],
                ["coverage", "", $"{facts.Coverage:F3}"],
            ])
            .Plots(("reliability: the mean probability of facts against the share of them that is true", ReliabilityPlot.Draw(
                "reliability", facts.ReliabilityBefore, facts.Reliability)))
            .Note("On the diagonal a probability is what it says; below it the model is too sure, above it not sure enough. A point's size "
                + "tells how many facts it stands for.");
    }

    private static string[] Row(string name, CompletionMetrics? metrics) => metrics is null
        ? [name, "-", "-", "-", "-", "0"]
        :
        [
            name, $"{metrics.MeanRank:N0}", $"{metrics.MeanReciprocalRank:F3}", $"{metrics.HitsAt1:F3}", $"{metrics.HitsAt10:F3}",
            $"{metrics.Queries:N0}",
        ];
}
