using Kalm.Evaluation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kalm.Cli;

/// <summary>A table of results for people: the first column holds words, the others numbers, unless told otherwise.</summary>
internal sealed class ResultTable
{
    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private readonly List<string[]> rows = [];
    private readonly string? title;
    private readonly string[] headings;
    private readonly int numbers;

    /// <summary>Prepares a table.</summary>
    /// <param name="title">Stands above it; null for none.</param>
    /// <param name="headings">One for each column.</param>
    /// <param name="numbers">How many columns after the first hold numbers, set to the right; null for all.</param>
    public ResultTable(string? title, IReadOnlyList<string> headings, int? numbers = null) =>
        (this.title, this.headings, this.numbers) = (title, [.. headings], numbers ?? headings.Count);

    private bool HasHeadings => !headings.All(string.IsNullOrEmpty);

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
        if (cells.Count != headings.Length)
            throw new ArgumentException($"found {cells.Count} cells; expected {headings.Length}", nameof(cells));
        rows.Add([.. cells]);
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

    /// <summary>What the console draws: columns where their words fit beside each other, else a block of lines for each row.</summary>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="grows">Whether the width may be passed where words would be broken: nothing cuts the lines of a file.</param>
    public IRenderable ToRenderable(int width, bool grows = false)
    {
        string[][] all = HasHeadings ? [headings, .. rows] : [.. rows];
        var columns = ColumnWidths.Of(headings.Length, all, width, grows);
        IRenderable body = columns is not null ? Columns(columns)
            : HasHeadings ? new Rows([Text.Empty, .. rows.Select(row => Block(row, width))])
            : Columns(ColumnWidths.Cut(all, width));
        return title is null ? body : new Rows(new Text(title, Heading), body);
    }

    private Table Columns(int[] widths)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = HasHeadings };
        for (var index = 0; index < headings.Length; index++)
        {
            var column = new TableColumn(new Text(headings[index], Heading)).Width(widths[index]);
            table.AddColumn(index > 0 && index <= numbers ? column.RightAligned() : column);
        }
        foreach (var row in rows)
            table.AddRow(row.Select(cell => (IRenderable)new Text(cell)));
        return table;
    }

    // The row's name, and below it what else it holds.
    private Rows Block(string[] row, int width)
    {
        string[][] facts = [.. headings.Zip(row, (heading, cell) => new[] { heading, cell }).Skip(1)];
        var block = OfFacts(null, [.. facts.Select(fact => (fact[0], fact[1]))]);
        return new Rows(new Text($"{headings[0]} {row[0]}".Trim(), Heading), block.Columns(ColumnWidths.Cut(facts, width)));
    }
}
