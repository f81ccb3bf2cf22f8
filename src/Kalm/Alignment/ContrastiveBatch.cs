using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The rows and columns of one batch, by text numbers: a row is a directed triple, a column a distinct tail text.</summary>
public sealed class ContrastiveBatch
{
    private readonly Dictionary<int, int> columnOf = [];

    /// <summary>Lays rows out.</summary>
    /// <param name="texts">The graph's texts.</param>
    /// <param name="known">Its train facts.</param>
    /// <param name="rows">The directed triples.</param>
    /// <param name="further">Texts of further columns, behind those of the tails; any that are tails stand there.</param>
    public ContrastiveBatch(
        TextIndex texts, KnownTexts known, IReadOnlyList<DirectedRow> rows, IReadOnlyList<int>? further = null)
    {
        (Rows, Drawn) = (rows, rows.Count);
        Queries = [.. rows.Select(row => texts.QueryText(row.Head, row.DirectedRelation))];
        Targets = [.. rows.Select(row => ColumnOf(texts.EntityText[row.Tail]))];
        foreach (var text in further ?? [])
            ColumnOf(text);
        OwnHeads = [.. rows.Select(row => columnOf.GetValueOrDefault(texts.EntityText[row.Head], -1))];
        Columns = [.. columnOf.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        ExpectedCounts = further is null ? [.. Columns.Select(column => known.ExpectedCount(column, rows.Count))]
            : known.Presence(Columns);
        Known = [.. Queries.Select((query, row) => KnownColumns(known.Answers(query), Targets[row]))];
    }

    /// <summary>The directed triples.</summary>
    public IReadOnlyList<DirectedRow> Rows { get; }

    /// <summary>How many of the rows, the first ones, were drawn; the others are further facts among their entities.</summary>
    public int Drawn { get; init; }

    /// <summary>For each row its query text.</summary>
    public long[] Queries { get; }

    /// <summary>For each row the column of its answer.</summary>
    public int[] Targets { get; }

    /// <summary>For each column its text.</summary>
    public int[] Columns { get; }

    /// <summary>For each column how often a random batch of this size has it as a tail; with further columns how likely it stands among so
    /// many distinct tails.</summary>
    public double[] ExpectedCounts { get; }

    /// <summary>For each row the columns, other than its target, that a train fact makes an answer of its query.</summary>
    public int[][] Known { get; }

    /// <summary>For each row the column of its own head's text, or -1 when no row of the batch has that tail.</summary>
    public int[] OwnHeads { get; }

    /// <summary>For each row 1 / (distinct queries x rows of its query): as weights of the rows they make every distinct query count the
    /// same.</summary>
    public float[] QueryShares => Shares(Queries);

    /// <summary>For each row 1 / (distinct tails x rows of its tail).</summary>
    public float[] ColumnShares => Shares(Targets);

    private static float[] Shares<T>(T[] keys) where T : notnull
    {
        var counts = keys.CountBy(key => key).ToDictionary();
        return Array.ConvertAll(keys, key => 1f / (counts.Count * counts[key]));
    }

    private int ColumnOf(int text)
    {
        if (!columnOf.TryGetValue(text, out var column))
            columnOf.Add(text, column = columnOf.Count);
        return column;
    }

    private int[] KnownColumns(ReadOnlySpan<int> answers, int target)
    {
        var found = new List<int>();
        // Whichever is shorter is walked: a hub has more answers than the batch has columns.
        if (answers.Length <= columnOf.Count)
        {
            foreach (var answer in answers)
                if (columnOf.TryGetValue(answer, out var column) && column != target)
                    found.Add(column);
        }
        else
        {
            foreach (var (text, column) in columnOf)
                if (column != target && answers.BinarySearch(text) >= 0)
                    found.Add(column);
        }
        found.Sort();
        return [.. found];
    }
}
