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
        var metrics = Path.Combine(folder.Run, "metrics.jsonl");
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
        Facts(page, result);
        Words(page, result);
        Answers(page, result);
        return page.Section("Training")
            .Define(
                ("contrastive loss", "How badly the right entity is told from the others of its batch; it falls as embeddings align."),
                ("language loss", "The mean surprise, in nats a token, at facts written as text."),
                ("validation MRR", "The same measure as above, on a sample of the validation split; the best step is kept."))
            .Plots(
                ("explicit (contrastive) loss", DemoPlots.Curve("explicit (contrastive) loss", metrics, "explicit")),
                ("implicit (language) loss", DemoPlots.Curve("implicit (language) loss", metrics, "implicit")),
                ("validation MRR", DemoPlots.Validations("validation MRR", result.Run.Validations)))
            .Section("Cosines among entities")
            .Say("Each cell is the cosine of two entities' vectors, those of a group together; where alignment has taught what belongs "
                + "together, blocks stand out along the diagonal.")
            .Plots(
                ("cosines of the base model", SimilarityMap.Draw("base model", result.Similarity.Names, result.Similarity.Base)),
                ("cosines of the aligned model", SimilarityMap.Draw("aligned model", result.Similarity.Names, result.Similarity.Aligned)))
            .ToString();
    }

    private static void Figures(ReportPage page, DemoResult result)
    {
        page.Section("Completing triples").Define(
            ("query", "A triple of the test split without its tail, or without its head; the answer is sought among all entities."),
            ("rank", "The place of the right answer when other known answers are left out (filtered); ties count as their mean."),
            ("MRR", "The mean of 1 / rank: 1 when every right answer is first."),
            ("Hits@1, Hits@10", "The share of queries whose right answer is first, or among the first ten."),
            ("relation-frequency baseline", "Reads no text: a candidate scores as often as it answers the query's relation in train. "
                + "What a model has beyond it, it understood of the query's entity."));
        string[] headings = ["", "MRR", "Hits@1", "Hits@10", "queries"];
        page.Table(headings, result.Rows.Select(row => Row(row.Name, row.All)));
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
            .Note("Shown without the query's own entity, its other known answers and entities of a kind that the relation never has there in "
                + "train; the rank counts all but the known answers.");
        page.Section("Its ten best answers").Say("Queries whose right answer ranks highest, of as many relations as there are.")
            .Table(ReportedAnswer.Headings, result.Best.Select(answer => answer.Cells), isStacked: true);
        page.Section("Its ten worst answers").Say("Queries whose right answer ranks lowest.")
            .Table(ReportedAnswer.Headings, result.Worst.Select(answer => answer.Cells), isStacked: true)
            .Note("The probability is that of the model's first answer being the one; most like it in train is the fact of the same "
                + "relation whose ends are nearest.");
    }

    private static void Claims(ReportPage page, DemoResult result)
    {
        if (result.Claims.Count > 0)
            page.Section("A fact, and the same turned round");
        foreach (var claim in result.Claims)
            page.Say(claim.Lines[0]).Table(["", ""], claim.Lines.Skip(1).Select(line => line.Trim().Split(": ", 2)), isStacked: true);
    }

    private static void Facts(ReportPage page, DemoResult result)
    {
        page.Section("How sure a fact is");
        if (result.Facts is not { } facts)
        {
            page.Say("The validation split is too small to tell.");
            return;
        }
        page.Say($"{facts.TrueFacts:N0} facts of the test split and {facts.Facts - facts.TrueFacts:N0} false ones like them, told apart.")
            .Define(
                ("calibration error", "How far a probability is on average from the share that is true: 0 when of what is given 70 % "
                    + "seven in ten are true. Before is the probability of the answer taken for that of the fact."),
                ("accuracy", "The share told right at a probability of a half; the baseline calls every fact false."),
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

    private static void Answers(ReportPage page, DemoResult result)
    {
        if (result.Run.Kept is not { } kept)
            return;
        page.Section("What it writes, before and after")
            .Say("The same prompts, continued by the model before and after alignment: whether it still writes as it did.")
            .Table(["prompt", "before", "after"], kept.Answers.Select(answer => new[] { answer.Prompt, answer.Before, answer.After }),
                isStacked: true);
    }
}
