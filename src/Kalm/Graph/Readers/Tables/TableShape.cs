namespace Kalm.Graph.Readers.Tables;

/// <summary>How a table is cut into fields, and its first rows.</summary>
/// <param name="Delimiter">What separates fields.</param>
/// <param name="HasQuotes">Whether fields may stand in quotes.</param>
/// <param name="Rows">The first rows, a heading among them.</param>
internal sealed record TableShape(char Delimiter, bool HasQuotes, IReadOnlyList<string[]> Rows)
{
    private const int SampleRows = 500;
    private static readonly char[] Delimiters = ['\t', ',', ';', '|', ' '];

    /// <summary>The columns of the first row.</summary>
    public int Columns => Rows.Count == 0 ? 0 : Rows[0].Length;

    /// <summary>What a delimiter is called.</summary>
    public static string NameOf(char delimiter) => delimiter switch
    {
        '\t' => "a tab",
        ',' => "a comma",
        ';' => "a semicolon",
        '|' => "a pipe",
        ' ' => "a space",
        _ => $"'{delimiter}'",
    };

    /// <summary>What several of a delimiter are called.</summary>
    public static string NamesOf(char delimiter) => delimiter switch
    {
        '\t' => "tabs",
        ',' => "commas",
        ';' => "semicolons",
        '|' => "pipes",
        ' ' => "spaces",
        _ => $"'{delimiter}'",
    };

    /// <summary>Looks at the beginning of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="graph">The options; the encoding.</param>
    /// <param name="least">The fewest columns a row must have.</param>
    /// <param name="most">The most columns that are read without a heading.</param>
    /// <exception cref="KalmException">Several separators fit equally.</exception>
    public static TableShape Of(GraphFile file, GraphBuilder graph, int least, int most = int.MaxValue)
    {
        if (graph.Options.Delimiter is { } given)
            return Cut(file, graph, Given(given));
        var usual = file.Ending switch { ".csv" => ',', ".tsv" or ".tab" or ".del" => '\t', ".psv" => '|', _ => '\0' };
        var shapes = Delimiters.Select(delimiter => Cut(file, graph, delimiter)).Where(shape => shape.Rows.Count > 0).ToList();
        if (shapes.Count == 0)
            return new TableShape(usual == '\0' ? '\t' : usual, usual == ',', []);
        var even = shapes.Where(shape => shape.Columns >= least && shape.Rows.All(row => row.Length == shape.Columns)).ToList();
        // A tab is rarely part of a name, and spaces often are.
        if (even.Find(shape => shape.Delimiter == '\t') is { } tabs)
            return tabs;
        if (even.Find(shape => ColumnPlan.OfHeading(shape.Rows[0]) is not null) is { } headed)
            return headed;
        if (even.Find(shape => shape.Delimiter == usual) is { } expected)
            return expected;
        var fitting = even.Where(shape => shape.Columns <= most && shape.Delimiter != ' ').ToList();
        if (fitting.Count > 1)
            throw new KalmException($"{file.Shown}: {string.Join(" and ", fitting.Select(shape => NamesOf(shape.Delimiter)))} separate as "
                + "many columns; expected one separator, chosen by --delimiter");
        if (fitting.Count == 1)
            return fitting[0];
        if (even.Find(shape => shape.Delimiter == ' ' && shape.Columns <= most) is { } spaces)
            return spaces;
        if (even.Count > 0)
            return even[0];
        // Nothing cuts every row alike: the faults of what the file's name says, else of what cuts most rows, are shown by line.
        return shapes.Find(shape => shape.Delimiter == usual)
            ?? shapes.OrderByDescending(shape => shape.Rows.Count(row => row.Length >= least && row.Length <= most))
                .ThenBy(shape => shape.Delimiter == ' ').First();
    }

    /// <summary>A separator as it is written for --delimiter.</summary>
    /// <exception cref="KalmException">It is none.</exception>
    public static char Given(string delimiter) => delimiter.ToLowerInvariant() switch
    {
        "tab" or "\\t" or "\t" => '\t',
        "comma" => ',',
        "semicolon" => ';',
        "pipe" => '|',
        "space" => ' ',
        { Length: 1 } other => other[0],
        _ => throw new KalmException($"delimiter '{delimiter}': expected one character, or tab, comma, semicolon, pipe, space"),
    };

    private static TableShape Cut(GraphFile file, GraphBuilder graph, char delimiter)
    {
        var hasQuotes = delimiter is not ('\t' or ' ');
        var rows = RowsOf(hasQuotes);
        // Tables with tabs know quotes or not; they do where every field that begins with one is well formed, and some is.
        if (!hasQuotes && rows.Any(row => row.Any(field => field.StartsWith('"'))) && rows.All(row => row.All(IsLiteralOrWhole)))
            (hasQuotes, rows) = (true, RowsOf(true));
        return new TableShape(delimiter, hasQuotes, rows);

        List<string[]> RowsOf(bool quotes)
        {
            var head = file.Head;
            var isWhole = head.Length < 1 << 16;
            var bytes = head.ToArray();
            var taken = new List<string[]>();
            using var reader = new SeparatedReader(
                new GraphFile(file.Name, file.Shown, () => new MemoryStream(bytes)), graph.Encoding, delimiter, quotes);
            while (taken.Count < SampleRows && TryRead())
                taken.Add(reader.ToArray());
            // The last row of a beginning is cut off.
            if (!isWhole && taken.Count is > 1 and < SampleRows)
                taken.RemoveAt(taken.Count - 1);
            return taken;

            bool TryRead()
            {
                try
                {
                    return reader.Read() && (reader.Problem is null || isWhole);
                }
                catch (KalmException) when (!isWhole && taken.Count > 0)
                {
                    return false;   // a character cut in two
                }
            }
        }

        static bool IsLiteralOrWhole(string field) => !field.StartsWith('"')
            || (field.Length > 1 && field.EndsWith('"') && !field[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"'));
    }
}
