using Kalm.Evaluation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kalm.Cli;

/// <summary>A table of results for people: the first column holds words, the others numbers, unless told otherwise.</summary>
internal sealed class ResultTable
{
    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private readonly Table table = new() { Border = TableBorder.Simple };
    private readonly string? title;
    private readonly int columns;

    /// <summary>Prepares a table.</summary>
    /// <param name="title">Stands above it; null for none.</param>
    /// <param name="headings">One for each column.</param>
    /// <param name="numbers">How many columns after the first hold numbers, set to the right; null for all.</param>
    public ResultTable(string? title, IReadOnlyList<string> headings, int? numbers = null)
    {
        this.title = title;
        columns = headings.Count;
        for (var index = 0; index < columns; index++)
        {
            var column = new TableColumn(new Text(headings[index], Heading));
            table.AddColumn(index > 0 && index <= (numbers ?? columns) ? column.RightAligned() : column);
        }
        if (headings.All(string.IsNullOrEmpty))
            table.HideHeaders();
    }

    /// <summary>A table of names and values, without headings.</summary>
    public static ResultTable OfFacts(string? title, params IReadOnlyList<(string Name, string Value)> facts)
    {
        var table = new ResultTable(title, ["", ""], numbers: 0);
        foreach (var (name, value) in facts)
            table.Add(name, value);
        return table;
    }

    /// <summary>Adds a row.</summary>
    public void Add(params IReadOnlyList<string> cells)
    {
        if (cells.Count != columns)
            throw new ArgumentException($"found {cells.Count} cells; expected {columns}", nameof(cells));
        table.AddRow(cells.Select(cell => (IRenderable)new Text(cell)));
    }

    /// <summary>Adds a row of completion figures; dashes where there are none.</summary>
    public void Add(string name, CompletionMetrics? metrics) => Add(metrics is null
        ? [name, "-", "-", "-", "-", "-", "0"]
        : [
            name, $"{metrics.MeanRank:N1}", $"{metrics.MeanReciprocalRank:F3}", $"{metrics.HitsAt1:F3}",
            $"{metrics.HitsAt3:F3}", $"{metrics.HitsAt10:F3}", $"{metrics.Queries:N0}",
        ]);

    /// <summary>A table for rows of completion figures.</summary>
    public static ResultTable OfCompletion(string title, string rows) =>
        new(title, [rows, "MR", "MRR", "Hits@1", "Hits@3", "Hits@10", "queries"]);

    /// <summary>What the console draws.</summary>
    public IRenderable ToRenderable() => title is null ? table : new Rows(new Text(title, Heading), table);
}
