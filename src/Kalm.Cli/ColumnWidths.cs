using Spectre.Console.Rendering;

namespace Kalm.Cli;

/// <summary>How wide the columns of a table are drawn, so that no word is broken.</summary>
internal static class ColumnWidths
{
    // A space on either side of a column, and a border beside each.
    private const int OfColumn = 3;
    private const int OfTable = 1;

    /// <summary>The widths, in cells of the terminal; null where the longest words do not fit beside each other.</summary>
    /// <param name="columns">How many there are.</param>
    /// <param name="rows">The cells, headings among them.</param>
    /// <param name="width">What the table may take.</param>
    /// <param name="grows">Whether it may take more where words would be broken.</param>
    public static int[]? Of(int columns, IReadOnlyList<string[]> rows, int width, bool grows)
    {
        var (least, widths) = (new int[columns], new int[columns]);
        foreach (var row in rows)
            for (var column = 0; column < columns; column++)
            {
                widths[column] = Math.Max(widths[column], Widest(row[column], '\n'));
                least[column] = Math.Max(least[column], Widest(row[column], '\n', ' '));
            }
        var room = width - OfTable - (OfColumn * columns);
        if (least.Sum() > room)
        {
            if (!grows)
                return null;
            room = least.Sum();
        }
        // The widest gives way first, down to its longest word.
        while (widths.Sum() > room)
        {
            var column = Enumerable.Range(0, columns).Where(index => widths[index] > least[index]).MaxBy(index => widths[index]);
            widths[column]--;
        }
        return widths;
    }

    /// <summary>The widths of names and values, of whose values words that do not fit are broken.</summary>
    public static int[] Cut(IReadOnlyList<string[]> rows, int width)
    {
        var room = width - OfTable - (2 * OfColumn);
        var names = Math.Min(rows.Max(row => Widest(row[0], '\n')), room / 2);
        return [names, Math.Clamp(rows.Max(row => Widest(row[1], '\n')), 1, room - names)];
    }

    private static int Widest(string text, params char[] separators) =>
        text.Split(separators).Max(part => new Segment(part).CellCount());
}
