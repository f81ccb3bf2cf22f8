using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Alignment.Keeping;
using Kalm.Cli.Plots;
using Kalm.Evaluation;
using Kalm.Evaluation.Questions;
using ScottPlot;

namespace Kalm.Cli.Ablation;

/// <summary>One line of the comparison.</summary>
/// <param name="Name">The base, or what was trained on.</param>
/// <param name="Figures">What was measured.</param>
/// <param name="Run">The run; null for the base.</param>
internal sealed record AblationRow(string Name, Assessment Figures, RunDescription? Run);

/// <summary>What an ablation came to.</summary>
/// <param name="Rows">The base first.</param>
/// <param name="Plan">What was measured.</param>
internal sealed record AblationResult(IReadOnlyList<AblationRow> Rows, AssessmentPlan Plan)
{
    private static readonly string[] Headings =
    [
        "trained on", "MRR", "Hits@10", "head", "tail", "relation", "verdict",
        "text ppl", "descriptions ppl", "own texts ppl", "anisotropy",
        "distinct-1", "distinct-2", "distinct-3",
    ];

    private KeptLanguage? Kept => Rows.Select(row => row.Run?.Kept).FirstOrDefault(kept => kept is not null);

    /// <summary>Shows the table, and what each answers to the prompts.</summary>
    public void Print(Terminal terminal)
    {
        var table = new ResultTable(
            $"{2 * Plan.Completion.Count:N0} completion queries, {Plan.Asked.Count:N0} questions a task (constrained, other "
                + "right answers left out)",
            Headings);
        foreach (var row in Rows)
            table.Add([row.Name, .. Cells(row)]);
        terminal.Print(table);
        if (Kept is not { } kept)
            return;
        var answers = new ResultTable("what each answers", ["prompt", "trained on", "answer"], numbers: 0);
        for (var prompt = 0; prompt < kept.Answers.Count; prompt++)
            foreach (var (name, answer) in AnswersTo(prompt, kept))
                answers.Add(kept.Answers[prompt].Prompt, name, KeptTable.Short(answer));
        terminal.Print(answers);
    }

    /// <summary>The figures for programs.</summary>
    public JsonObject ToJson(string model, string graph, AlignmentOptions options)
    {
        var json = new JsonObject { ["model"] = model, ["graph"] = graph, ["seed"] = options.Seed, ["minutes"] = options.Budget.Minutes };
        foreach (var row in Rows)
        {
            json[row.Name] = row.Figures.ToJson();
            json[row.Name]!["steps"] = row.Run?.StepsDone;
            json[row.Name]!["seconds"] = row.Run?.Seconds;
            json[row.Name]!["own_texts_perplexity"] = Own(row);
            json[row.Name]!["answers"] = row.Run?.Kept is { } kept ? JsonSerializer.SerializeToNode(kept.Answers, Json.Options) : null;
        }
        return json;
    }

    /// <summary>Ranks against language, a point for each: what is gained to the right, what is lost upwards.</summary>
    /// <returns>A PNG; null where nothing of the language was measured.</returns>
    public byte[]? Plot()
    {
        var points = Rows.Select(
            row => (row.Name, Mrr: row.Figures.Completion?.MeanReciprocalRank, Perplexity: row.Figures.Text ?? Own(row)))
            .Where(point => point is { Mrr: not null, Perplexity: > 0 }).ToList();
        if (points.Count == 0)
            return null;
        using var plot = PlotCanvas.New("completion gained, language lost");
        var middle = (points.Min(point => point.Mrr) + points.Max(point => point.Mrr)) / 2;
        foreach (var (name, mrr, perplexity) in points)
        {
            var logarithm = Math.Log10(perplexity!.Value);
            plot.Add.Marker(mrr!.Value, logarithm, size: 8);
            var label = plot.Add.Text(name, mrr.Value, logarithm);
            // Names stand towards the middle, where there is room.
            (label.LabelAlignment, label.OffsetX) = mrr > middle
                ? (ScottPlot.Alignment.MiddleRight, -6) : (ScottPlot.Alignment.MiddleLeft, 6);
        }
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            LabelFormatter = logarithm => Math.Pow(10, logarithm).ToString("G3", CultureInfo.InvariantCulture),
        };
        plot.XLabel("MRR");
        plot.YLabel("perplexity");
        return plot.GetImageBytes(700, 450, ImageFormat.Png);
    }

    private IEnumerable<(string Name, string Answer)> AnswersTo(int prompt, KeptLanguage kept) =>
        Rows.Where(row => row.Run is null || row.Run.Kept is not null)
            .Select(row => (row.Name, row.Run is null ? kept.Answers[prompt].Before : row.Run.Kept!.Answers[prompt].After));

    private double? Own(AblationRow row) => row.Run is null ? Kept?.PerplexityBefore : row.Run.Kept?.PerplexityAfter;

    private IEnumerable<string> Cells(AblationRow row)
    {
        var figures = row.Figures;
        return
        [
            Cell(figures.Completion?.MeanReciprocalRank), Cell(figures.Completion?.HitsAt10), Cell(figures.Filtered(QuestionKind.Head)),
            Cell(figures.Filtered(QuestionKind.Tail)), Cell(figures.Filtered(QuestionKind.Relation)),
            Cell(figures.Filtered(QuestionKind.Classification)), Cell(figures.Text, "N1"), Cell(figures.Descriptions, "N1"),
            Cell(Own(row), "N1"), Cell(figures.Anisotropy), Cell(figures.Repetition?.Distinct1), Cell(figures.Repetition?.Distinct2),
            Cell(figures.Repetition?.Distinct3),
        ];
    }

    private static string Cell(double? value, string format = "F3") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
