using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>The order in which training meets the train triples, each read in both directions: an epoch is a shuffle, decided by the seed
/// and the epoch's number alone, so that any step's batch can be drawn again without replaying the ones before it.</summary>
public sealed class RowSampler
{
    private readonly KnowledgeGraph graph;
    private readonly bool bothDirections;
    private readonly int itemCount;
    private readonly int batchSize;
    private readonly long seed;
    private int epochInHand = -1;
    private int[] order = [];

    /// <summary>Prepares the rows.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="triples">Triples a batch.</param>
    /// <param name="bothDirections">Whether a batch takes both directions of each of its triples. Otherwise the directed rows are shuffled
    /// on their own and a batch takes one row a triple; a pass over all rows then lasts two epochs.</param>
    /// <param name="seed">Decides the shuffles.</param>
    public RowSampler(KnowledgeGraph graph, int triples, bool bothDirections, long seed)
    {
        (this.graph, this.bothDirections) = (graph, bothDirections);
        itemCount = graph.Asked.Count * (bothDirections ? 1 : 2);
        batchSize = Math.Min(triples, itemCount);
        this.seed = seed;
    }

    /// <summary>The rows of a step, counted from 0; a batch may span the end of a pass.</summary>
    public IReadOnlyList<DirectedRow> Batch(long step)
    {
        var batch = new List<DirectedRow>(2 * batchSize);
        for (var index = 0; index < batchSize; index++)
        {
            var (epoch, place) = Math.DivRem(step * batchSize + index, itemCount);
            Add(OrderOf((int)epoch)[place], batch);
        }
        return batch;
    }

    private void Add(int item, List<DirectedRow> batch)
    {
        var triple = graph.Asked[bothDirections ? item : item / 2];
        if (bothDirections || item % 2 == 0)
            batch.Add(graph.Row(triple, Side.Tail));
        if (bothDirections || item % 2 == 1)
            batch.Add(graph.Row(triple, Side.Head));
    }

    private int[] OrderOf(int epoch)
    {
        if (epoch == epochInHand)
            return order;
        var random = Randomness.For(seed, "epoch", epoch);
        order = [.. Enumerable.Range(0, itemCount)];
        random.Shuffle(order);
        epochInHand = epoch;
        return order;
    }
}
