namespace Kalm.Language.Execution;

/// <summary>How rows of different lengths are laid out in blocks: sorted by length, so that padding stays small, cut at a token budget,
/// and shared out evenly over workers.</summary>
public sealed class BlockPlan
{
    private readonly IReadOnlyList<TokenRow> rows;

    /// <summary>Plans the blocks; the same rows always give the same plan.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="tokenBudget">The number of padded tokens a block may have (a longer row gets a block of its own).</param>
    /// <param name="workers">The number of workers.</param>
    public BlockPlan(IReadOnlyList<TokenRow> rows, int tokenBudget, int workers)
    {
        this.rows = rows;
        var order = Enumerable.Range(0, rows.Count).OrderByDescending(index => rows[index].Length).ToArray();
        var left = rows.Sum(row => (long)row.Length);
        // The same number of blocks for every worker, each an equal share of what is left, so that none waits for another's last one.
        var blocksLeft = workers * Math.Max(1, (left + (long)tokenBudget * workers - 1) / ((long)tokenBudget * workers));
        var lists = Enumerable.Range(0, workers).Select(_ => new List<int[]>()).ToArray();
        var loads = new long[workers];
        for (var start = 0; start < order.Length; blocksLeft--)
        {
            var length = rows[order[start]].Length;
            var share = Math.Min(tokenBudget / length, (left / Math.Max(1, blocksLeft) + length / 2) / length);
            var block = order[start..(int)Math.Min(start + Math.Max(1, share), order.Length)];
            var worker = Array.IndexOf(loads, loads.Min());
            lists[worker].Add(block);
            loads[worker] += (long)length * block.Length;
            left -= block.Sum(index => (long)rows[index].Length);
            start += block.Length;
        }
        Blocks = lists;
        ReadOrder = BuildReadOrder();
    }

    /// <summary>For each worker its blocks, each a list of row indices.</summary>
    public IReadOnlyList<IReadOnlyList<int[]>> Blocks { get; }

    /// <summary>For each read, in the order of the rows, where it lies when the workers' blocks are laid end to end.</summary>
    public long[] ReadOrder { get; }

    /// <summary>The rows of one block.</summary>
    public TokenRow[] RowsOf(int[] block) => Array.ConvertAll(block, index => rows[index]);

    private long[] BuildReadOrder()
    {
        var firstRead = new int[rows.Count + 1];
        for (var index = 0; index < rows.Count; index++)
            firstRead[index + 1] = firstRead[index] + rows[index].Reads.Length;
        var order = new long[firstRead[^1]];
        var place = 0;
        foreach (var row in Blocks.SelectMany(blocks => blocks).SelectMany(block => block))
            for (var read = 0; read < rows[row].Reads.Length; read++)
                order[firstRead[row] + read] = place++;
        return order;
    }
}
