using Kalm.Cli.Plots;
using Kalm.Cli.Reports;
using Kalm.Evaluation;

namespace Kalm.Cli.Demo;

/// <summary>The report of a demonstration: every measure in a sentence, every figure beside its baseline.</summary>
internal static class DemoReport
{
    /// <summary>Writes the page.</summary>
    public static string Html(DemoResult result, DemoFolder folder)
    {
        var page = new ReportPage("A language model before and after alignment with a knowledge graph")
            .Say((result.PretrainingSeconds is { } seconds
                    ? $"A base model was made from the texts of the graph's entities in {seconds:F0} s, then aligned with the graph's "
                    : $"The base model {result.Run.Model} was aligned with the graph's ")
                + $"train triples in {result.Run.StepsDone:N0} steps ({result.Run.Seconds:F0} s, {result.Run.LearnedParameters:N0} "
                + $"parameters, seed {result.Run.Options.Seed}). Below, both are asked about the test split, which neither was trained on.")
            .Note("One run, one seed: another gives figures a few hundredths away.");
        Figures(page, result);
        Completions(page, result);
        Claims(page, result);
        CompletionPage.Facts(page, result.Facts, "test");
        Words(page, result);
        RunSections.Kept(page, result.Run);
        RunSections.Training(page, result.Run, folder.Run);
        return page.Section("Cosines among entities")
            .Say("Each cell is the cosine of two entities' vectors, those of a group together; where alignment has taught what belongs "
                + "together, blocks stand out along the diagonal.")
            .Plots(
                ("cosines of the base model", SimilarityMap.Draw("base model", result.Similarity.Names, result.Similarity.Base)),
                ("cosines of the aligned model", SimilarityMap.Draw("aligned model", result.Similarity.Names, result.Similarity.Aligned)))
            .ToString();
    }

    private static void Figures(ReportPage page, DemoResult result)
    {
        page.Section("Completing triples").Define(CompletionPage.Measures);
        string[] headings = ["", "MRR", "Hits@1", "Hits@10", "queries"];
        page.Table(headings, result.Rows.Select(row => Row(row.Name, row.All)));
        if (result.Rows.All(row => row.Unheld?.Queries == row.All?.Queries))
        {
            page.Note("No query's text holds the name of its answer.");
            return;
        }
        page.Note("The same of the queries whose text does not hold the answer's name:");
        page.Table(headings, result.Rows.Select(row => Row(row.Name, row.Unheld)));
    }

    private static string[] Row(string name, CompletionMetrics? metrics) => metrics is null
        ? [name, "-", "-", "-", "0"]
        : [name, $"{metrics.MeanReciprocalRank:F3}", $"{metrics.HitsAt1:F3}", $"{metrics.HitsAt10:F3}", $"{metrics.Queries:N0}"];

    private static void Completions(ReportPage page, DemoResult result)
    {
        page.Section("Five test queries, answered by the aligned model")
            .Table(["query", "its best three", "right answer", "rank"], result.Completions.Select(completion => new[]
            {
                completion.Query, string.Join(" · ", completion.Marked), completion.Answer, $"{completion.Rank:0.#}",
            }), isStacked: true)
            .Note("Shown without the query's own entity, its other known answers and entities of a kind that the relation never has there "
                + "in train; the rank counts all but the known answers.");
        CompletionPage.Answers(page, result.Best, result.Worst);
    }

    private static void Claims(ReportPage page, DemoResult result)
    {
        if (result.Claims.Count > 0)
            page.Section("A fact, and the same turned round");
        foreach (var claim in result.Claims)
            page.Say(claim.Lines[0])
                .Table(["reason", "in words"], claim.Lines.Skip(1).Select(line => line.Trim().Split(": ", 2)), isStacked: true);
    }

    /// <summary>What the table of words shows.</summary>
    public static string WordsTitle(DemoResult result) =>
        $"asked in words, {result.Words[0].Questions[0].Questions} test questions a task, answers among the graph's "
            + "names, other right ones "
            + "left out; and the perplexity of "
            + (result.PretrainingSeconds is null ? "held-out texts of the base's own" : "descriptions the base never saw");

    private static void Words(ReportPage page, DemoResult result) => page.Section("In words")
        .Say($"{char.ToUpperInvariant(WordsTitle(result)[0])}{WordsTitle(result)[1..]}.")
        .Define(
            ("head, tail, relation", "The share of questions for this part of a triple that are answered right."),
            ("verdict", "The share of triples, half of them false, that are told true or false as they are: guessing gives .50."),
            ("perplexity", "How many tokens the model wavers between on average: lower is better, and a rise by alignment is a loss."))
        .Table(DemoWords.Headings(""), result.Words.Select(row => (string[])[row.Name, .. row.Cells]));
}
