using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>The order in which training meets the triples: each epoch is a shuffle of all of them, decided by the seed and the epoch's
/// number alone, so that any step's batch can be drawn again without replaying the ones before it.</summary>
public sealed class TripleSampler(IReadOnlyList<Triple> triples, int batchSize, long seed)
{
    private int epochInHand = -1;
    private int[] order = [];

    /// <summary>The triples of a step, counted from 0; a batch may span the end of an epoch.</summary>
    public IReadOnlyList<Triple> Batch(long step)
    {
        var batch = new Triple[batchSize];
        for (var index = 0; index < batch.Length; index++)
        {
            var (epoch, place) = Math.DivRem(step * batchSize + index, triples.Count);
            batch[index] = triples[OrderOf((int)epoch)[place]];
        }
        return batch;
    }

    private int[] OrderOf(int epoch)
    {
        if (epoch == epochInHand)
            return order;
        order = [.. Enumerable.Range(0, triples.Count)];
        Randomness.For(seed, "epoch", epoch).Shuffle(order);
        epochInHand = epoch;
        return order;
    }
}
