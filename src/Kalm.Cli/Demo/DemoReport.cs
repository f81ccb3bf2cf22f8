using System.Net;
using System.Text;
using Kalm.Cli.Plots;
using Kalm.Evaluation;

namespace Kalm.Cli.Demo;

/// <summary>The report of a demonstration: one HTML file that holds its images and needs no network.</summary>
internal static class DemoReport
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:100em;margin:2em auto;padding:0 1em;color:#222}" +
        "table{border-collapse:collapse;margin:1em 0}th,td{padding:.3em .8em;border-bottom:1px solid #ddd;text-align:left}" +
        "td.number,th.number{text-align:right}.plots{display:flex;flex-wrap:wrap;gap:1em}img{max-width:100%;border:1px solid #eee}" +
        ".pair img{max-width:calc(50% - .8em)}";

    /// <summary>Writes the page.</summary>
    public static string Html(DemoResult result, DemoFolder folder)
    {
        var metrics = Path.Combine(folder.Run, "metrics.jsonl");
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kalm: a demonstration</title><style>")
            .Append(Style)
            .Append("</style></head><body>\n<h1>A language model before and after alignment with a knowledge graph</h1>\n");
        page.Append(result.PretrainingSeconds is { } seconds
                ? $"<p>A base model was made from the texts of the graph's entities in {seconds:F0} s, then aligned with the graph's "
                : $"<p>The base model {WebUtility.HtmlEncode(result.Run.Model)} was aligned with the graph's ")
            .Append($"train triples in {result.Run.StepsDone:N0} steps ({result.Run.Seconds:F0} s, "
                + $"{result.Run.LearnedParameters:N0} parameters, seed ")
            .Append($"{result.Run.Options.Seed}). Below, both answer the test split: filtered ranks among all entities, tail "
                + "and head sides.</p>\n");
        Figures(page, result);
        Completions(page, result);
        Claims(page, result);
        Facts(page, result);
        Words(page, result);
        Answers(page, result);
        page.Append("<h2>Training</h2>\n<div class=\"plots\">\n");
        Image(page, "explicit (contrastive) loss", DemoPlots.Curve("explicit (contrastive) loss", metrics, "explicit"));
        Image(page, "implicit (language) loss", DemoPlots.Curve("implicit (language) loss", metrics, "implicit"));
        Image(page, "validation MRR", DemoPlots.Validations("validation MRR", result.Run.Validations));
        page.Append("</div>\n<h2>Cosines among entities, those of a group together</h2>\n<div class=\"plots pair\">\n");
        Image(page, "base model", SimilarityMap.Draw("base model", result.Similarity.Names, result.Similarity.Base));
        Image(page, "aligned model", SimilarityMap.Draw("aligned model", result.Similarity.Names, result.Similarity.Aligned));
        return page.Append("</div>\n</body></html>\n").ToString();
    }

    private static void Figures(StringBuilder page, DemoResult result)
    {
        page.Append("<table><tr><th></th><th colspan=\"4\">all queries</th><th colspan=\"4\">the text does not hold the answer's "
            + "name</th></tr>\n<tr><th></th>");
        for (var part = 0; part < 2; part++)
            foreach (var heading in new[] { "MRR", "Hits@1", "Hits@10", "queries" })
                page.Append($"<th class=\"number\">{heading}</th>");
        page.Append("</tr>\n");
        foreach (var row in result.Rows)
        {
            page.Append($"<tr><td>{WebUtility.HtmlEncode(row.Name)}</td>");
            foreach (var metrics in new[] { row.All, row.Unheld })
                Cells(page, metrics);
            page.Append("</tr>\n");
        }
        page.Append("</table>\n<p>The relation-frequency baseline reads no text: a candidate scores as often as it answers the query's "
            + "relation in train.</p>\n");
    }

    private static void Cells(StringBuilder page, CompletionMetrics? metrics)
    {
        string[] cells = metrics is null
            ? ["-", "-", "-", "0"]
            : [$"{metrics.MeanReciprocalRank:F3}", $"{metrics.HitsAt1:F3}", $"{metrics.HitsAt10:F3}", $"{metrics.Queries:N0}"];
        foreach (var cell in cells)
            page.Append($"<td class=\"number\">{cell}</td>");
    }

    private static void Completions(StringBuilder page, DemoResult result)
    {
        page.Append("<h2>Test queries, answered by the aligned model</h2>\n<table><tr><th>query</th><th>its best three</th><th>right "
            + "answer</th><th class=\"number\">rank</th></tr>\n");
        foreach (var completion in result.Completions)
            page.Append(
                $"<tr><td>{WebUtility.HtmlEncode(completion.Query)}</td>")
                .Append($"<td>{WebUtility.HtmlEncode(string.Join(" · ", completion.Marked))}</td>")
                .Append($"<td>{WebUtility.HtmlEncode(completion.Answer)}</td><td class=\"number\">{completion.Rank:0.#}</td></tr>\n");
        page.Append("</table>\n<p>Shown without the query's own entity, its other known answers and entities of a kind that the relation "
            + "never has there in train; the rank counts all but the known answers.</p>\n");
    }

    private static void Claims(StringBuilder page, DemoResult result)
    {
        page.Append("<h2>A fact and the same turned round, verified by the aligned model</h2>\n");
        foreach (var claim in result.Claims)
            page.Append($"<p><strong>{WebUtility.HtmlEncode(claim.Lines[0])}</strong></p>\n<ul>")
                .AppendJoin("", claim.Lines.Skip(1).Select(line => $"<li>{WebUtility.HtmlEncode(line.Trim())}</li>")).Append("</ul>\n");
    }

    private static void Facts(StringBuilder page, DemoResult result)
    {
        if (result.Facts is not { } facts)
            return;
        page.Append("<h2>How sure a fact is</h2>\n<p>")
            .Append($"{facts.TrueFacts:N0} facts of the test split and {facts.Facts - facts.TrueFacts:N0} false ones like them. ")
            .Append("The calibration error, how far a probability is on average from the share that is true, falls from ")
            .Append($"{facts.ErrorBefore:F3} (the probability of the answer taken for that of the fact) to {facts.Error:F3}. ")
            .Append(facts is { Threshold: { } threshold, Precision: { } precision }
                ? $"From a probability of {threshold:F2} on, facts are stated: {facts.Coverage:P0} of the true ones, and {precision:P0} of "
                    + "what is stated is true."
                : "None is stated: no threshold reached the wanted precision.")
            .Append("</p>\n<div class=\"plots\">\n");
        Image(page, "reliability", ReliabilityPlot.Draw("reliability", facts.ReliabilityBefore, facts.Reliability));
        page.Append("</div>\n");
    }

    /// <summary>What the table of words shows.</summary>
    public static string WordsTitle(DemoResult result) =>
        $"asked in words, {result.Words[0].Questions[0].Questions} test questions a task, answers among the graph's "
            + "names, other right ones "
            + "left out; and the perplexity of "
            + (result.PretrainingSeconds is null ? "held-out texts of the base's own" : "descriptions the base never saw");

    private static void Answers(StringBuilder page, DemoResult result)
    {
        if (result.Run.Kept is not { } kept)
            return;
        page.Append("<h2>What was kept of its language</h2>\n<table><tr><th>prompt</th><th>before</th><th>after</th></tr>\n");
        foreach (var answer in kept.Answers)
            page.Append($"<tr><td>{WebUtility.HtmlEncode(answer.Prompt)}</td>")
                .Append($"<td>{WebUtility.HtmlEncode(answer.Before)}</td><td>{WebUtility.HtmlEncode(answer.After)}</td></tr>\n");
        page.Append("</table>\n");
    }

    private static void Words(StringBuilder page, DemoResult result)
    {
        page.Append($"<h2>In words</h2>\n<p>{char.ToUpperInvariant(WordsTitle(result)[0])}{WordsTitle(result)[1..]}.</p>\n<table><tr>");
        foreach (var heading in DemoWords.Headings(""))
            page.Append($"<th class=\"number\">{heading}</th>");
        page.Append("</tr>\n");
        foreach (var row in result.Words)
            page.Append($"<tr><td>{row.Name}</td>")
                .AppendJoin("", row.Cells.Select(cell => $"<td class=\"number\">{cell}</td>")).Append("</tr>\n");
        page.Append("</table>\n");
    }

    private static void Image(StringBuilder page, string description, byte[] png) =>
        page.Append($"<img alt=\"{WebUtility.HtmlEncode(description)}\" src=\"data:image/png;base64,")
            .Append(Convert.ToBase64String(png)).Append("\">\n");
}
