using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>The order in which training meets the train triples, each read in both directions: an epoch is a shuffle, decided by the seed
/// and the epoch's number alone, so that any step's batch can be drawn again without replaying the ones before it.</summary>
public sealed class RowSampler
{
    private readonly DirectedRow[][] items;
    private readonly int batchSize;
    private readonly long seed;
    private int epochInHand = -1;
    private int[] order = [];

    /// <summary>Prepares the rows.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="triples">Triples a batch.</param>
    /// <param name="bothDirections">Whether a batch takes both directions of each of its triples. Otherwise the directed rows are shuffled on
    /// their own and a batch takes one row a triple; a pass over all rows then lasts two epochs.</param>
    /// <param name="seed">Decides the shuffles.</param>
    public RowSampler(KnowledgeGraph graph, int triples, bool bothDirections, long seed)
    {
        items = [.. graph.Train.SelectMany(triple =>
        {
            DirectedRow[] rows = [graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head)];
            return bothDirections ? [rows] : rows.Select(row => new[] { row });
        })];
        batchSize = Math.Min(triples, items.Length);
        this.seed = seed;
    }

    /// <summary>The rows of a step, counted from 0; a batch may span the end of a pass.</summary>
    public IReadOnlyList<DirectedRow> Batch(long step)
    {
        var batch = new List<DirectedRow>(2 * batchSize);
        for (var index = 0; index < batchSize; index++)
        {
            var (epoch, place) = Math.DivRem(step * batchSize + index, items.Length);
            batch.AddRange(items[OrderOf((int)epoch)[place]]);
        }
        return batch;
    }

    private int[] OrderOf(int epoch)
    {
        if (epoch == epochInHand)
            return order;
        order = [.. Enumerable.Range(0, items.Length)];
        Randomness.For(seed, "epoch", epoch).Shuffle(order);
        epochInHand = epoch;
        return order;
    }
}
