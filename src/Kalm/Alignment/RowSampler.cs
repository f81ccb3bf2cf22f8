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
    private readonly NeighbourhoodOrder? neighbourhoods;
    private readonly double neighbourhoodShare;
    private readonly int neighbourhoodSize;
    private int epochInHand = -1;
    private int[] order = [];

    /// <summary>Prepares the rows.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="triples">Triples a batch.</param>
    /// <param name="bothDirections">Whether a batch takes both directions of each of its triples. Otherwise the directed rows are shuffled on
    /// their own and a batch takes one row a triple; a pass over all rows then lasts two epochs.</param>
    /// <param name="seed">Decides the shuffles.</param>
    /// <param name="neighbourhoodShare">The share of a batch that comes as neighbourhoods of the graph; only with both directions.</param>
    /// <param name="neighbourhoodSize">Triples of a neighbourhood.</param>
    public RowSampler(KnowledgeGraph graph, int triples, bool bothDirections, long seed, double neighbourhoodShare = 0, int neighbourhoodSize = 32)
    {
        (this.graph, this.bothDirections) = (graph, bothDirections);
        itemCount = graph.Train.Count * (bothDirections ? 1 : 2);
        batchSize = Math.Min(triples, itemCount);
        this.seed = seed;
        (this.neighbourhoodShare, this.neighbourhoodSize) = (neighbourhoodShare, neighbourhoodSize);
        neighbourhoods = neighbourhoodShare > 0 ? new NeighbourhoodOrder(graph) : null;
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
        var triple = graph.Train[bothDirections ? item : item / 2];
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
        if (neighbourhoods is not null)
            order = Mix(neighbourhoods.Draw(neighbourhoodSize, random), order);
        epochInHand = epoch;
        return order;
    }

    // The neighbourhoods' leading share of triples, and the others in their shuffled order, in every batch's proportion.
    private int[] Mix(int[] walked, int[] shuffled)
    {
        var near = walked[..(int)Math.Round(neighbourhoodShare * walked.Length)];
        var isNear = new bool[walked.Length];
        foreach (var triple in near)
            isNear[triple] = true;
        var far = shuffled.Where(triple => !isNear[triple]).ToArray();
        var mixed = new List<int>(walked.Length);
        for (var (nearDone, farDone) = (0, 0); mixed.Count < walked.Length;)
        {
            var size = Math.Min(batchSize, walked.Length - mixed.Count);
            var fromNear = Math.Clamp((int)Math.Round(neighbourhoodShare * size), size - (far.Length - farDone), near.Length - nearDone);
            mixed.AddRange(near.AsSpan(nearDone, fromNear));
            mixed.AddRange(far.AsSpan(farDone, size - fromNear));
            (nearDone, farDone) = (nearDone + fromNear, farDone + size - fromNear);
        }
        return [.. mixed];
    }
}
