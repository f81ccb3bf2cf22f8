using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The rows and columns of one batch, by text numbers: a row is a directed triple, a column a distinct tail text.</summary>
public sealed class ContrastiveBatch
{
    private readonly Dictionary<int, int> columnOf = [];
    private readonly int[] ownHeads;

    /// <summary>Lays out both directions of every triple: forward, then inverse.</summary>
    public ContrastiveBatch(KnowledgeGraph graph, TextIndex texts, KnownTexts known, IReadOnlyList<Triple> triples)
    {
        Triples = triples;
        Queries = new int[2 * triples.Count];
        Targets = new int[Queries.Length];
        ownHeads = new int[Queries.Length];
        var heads = new int[Queries.Length];
        var columns = new List<int>();
        for (var index = 0; index < triples.Count; index++)
        {
            var (head, relation, tail) = triples[index];
            AddRow(2 * index, head, relation, tail);
            AddRow(2 * index + 1, tail, relation + graph.RelationCount, head);
        }
        Columns = columns;
        Known = [.. Queries.Select((query, row) => KnownColumns(known.Answers(query), Targets[row]))];
        for (var row = 0; row < Queries.Length; row++)
            ownHeads[row] = columnOf.GetValueOrDefault(heads[row], -1);

        void AddRow(int row, int head, int relation, int tail)
        {
            Queries[row] = texts.QueryText(head, relation);
            heads[row] = texts.EntityText[head];
            var text = texts.EntityText[tail];
            if (!columnOf.TryGetValue(text, out var column))
            {
                columnOf.Add(text, column = columns.Count);
                columns.Add(text);
            }
            Targets[row] = column;
        }
    }

    /// <summary>The triples of the batch.</summary>
    public IReadOnlyList<Triple> Triples { get; }

    /// <summary>For each row its query text.</summary>
    public int[] Queries { get; }

    /// <summary>For each row the column of its answer.</summary>
    public int[] Targets { get; }

    /// <summary>For each column its tail text.</summary>
    public IReadOnlyList<int> Columns { get; }

    /// <summary>For each row the columns, other than its target, that a train fact makes an answer of its query.</summary>
    public int[][] Known { get; }

    /// <summary>For each row the column of its own head's text, or -1 when no row of the batch has that tail.</summary>
    public IReadOnlyList<int> OwnHeads => ownHeads;

    private int[] KnownColumns(IReadOnlySet<int> answers, int target)
    {
        var found = new List<int>();
        // Whichever is shorter is walked: a hub has more answers than the batch has columns.
        if (answers.Count <= columnOf.Count)
        {
            foreach (var answer in answers)
                if (columnOf.TryGetValue(answer, out var column) && column != target)
                    found.Add(column);
        }
        else
        {
            foreach (var (text, column) in columnOf)
                if (column != target && answers.Contains(text))
                    found.Add(column);
        }
        found.Sort();
        return [.. found];
    }
}
