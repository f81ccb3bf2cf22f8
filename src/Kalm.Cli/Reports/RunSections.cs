using Kalm.Alignment;
using Kalm.Cli.Plots;

namespace Kalm.Cli.Reports;

/// <summary>The report of a run of align, and the parts of it that a demonstration shows too.</summary>
internal static class RunSections
{
    /// <summary>The report's name in the folder of a run.</summary>
    public const string FileName = "report.html";

    /// <summary>Writes the page.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Its folder.</param>
    public static string Html(RunDescription run, string folder)
    {
        var page = new ReportPage($"A run of align: {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}")
            .Say($"{run.Model} was aligned with {run.Graph}: {run.StepsDone:N0} steps in {run.Seconds:F0} s, {run.LearnedParameters:N0} "
                + $"learned parameters, seed {run.Options.Seed}.")
            .Note("Validation chooses the step that is kept, so its figures lean to the good side. For figures on test beside a baseline, "
                + "the ten best and worst answers with their evidence and how far probabilities can be trusted: kalm evaluate completion "
                + $"--model {GraphSource.Quoted(folder)} --graph {GraphSource.Quoted(run.Graph)}{GraphSource.Written(run.GraphOptions)} "
                + "--report FILE")
            .Section("Validation").Define(
                ("MRR", "The mean of 1 / filtered rank of the right answer, on a sample of the validation split: 1 when all are first."),
                ("Hits@1, Hits@10", "The share of right answers that are first, or among the first ten."))
            .Table(["step", "MRR", "Hits@1", "Hits@10"], run.Validations.Select(item => new[]
            {
                item.Step == 0 ? "0 (before)" : item.Step == run.BestStep ? $"{item.Step:N0} (kept)" : $"{item.Step:N0}",
                $"{item.MeanReciprocalRank:F3}", item.HitsAt1 is { } first ? $"{first:F3}" : "-", $"{item.HitsAt10:F3}",
            }));
        Training(page, run, folder);
        Kept(page, run);
        return page.ToString();
    }

    /// <summary>How losses and validation went.</summary>
    public static void Training(ReportPage page, RunDescription run, string folder)
    {
        var metrics = Path.Combine(folder, "metrics.jsonl");
        page.Section("Training").Define(
            ("contrastive loss", "How badly the right entity is told from the others of its batch; it falls as embeddings align."),
            ("language loss", "The mean surprise, in nats a token, at facts written as text."),
            ("validation MRR", "The mean of 1 / rank on a sample of the validation split; the best step is kept."))
            .Plots(
                ("explicit (contrastive) loss", RunPlots.Curve("explicit (contrastive) loss", metrics, "explicit")),
                ("implicit (language) loss", RunPlots.Curve("implicit (language) loss", metrics, "implicit")),
                ("validation MRR", RunPlots.Validations("validation MRR", run.Validations)));
    }

    /// <summary>What the model writes before and after; nothing for a base that was not made to write.</summary>
    public static void Kept(ReportPage page, RunDescription run)
    {
        if (run.Kept is not { } kept)
            return;
        page.Section("What it writes, before and after")
            .Say("The same prompts, continued by the model before and after alignment: whether it still writes as it did.")
            .Define(("perplexity of held-out texts", "How many tokens the model wavers between on average, in "
                + $"{kept.Texts:N0} texts that were not trained on: {kept.PerplexityBefore:F1} before and {kept.PerplexityAfter:F1} after; "
                + "higher is worse."))
            .Table(["prompt", "before", "after"], kept.Answers.Select(answer => new[] { answer.Prompt, answer.Before, answer.After }),
                isStacked: true);
    }
}
