namespace Kalm.Distributed;

/// <summary>Who takes what: every rank computes the same answer.</summary>
public static class Shares
{
    /// <summary>Shares items out so that the ranks have about the same load: the largest first, each to whom has least.</summary>
    /// <param name="loads">What each item costs.</param>
    /// <param name="ranks">How many share them.</param>
    /// <returns>For each rank its items, ascending; there may be none.</returns>
    public static int[][] Of(IReadOnlyList<int> loads, int ranks)
    {
        ArgumentNullException.ThrowIfNull(loads);
        var shares = Enumerable.Range(0, ranks).Select(_ => new List<int>()).ToArray();
        var least = new PriorityQueue<int, (long Load, int Rank)>(Enumerable.Range(0, ranks).Select(rank => (rank, (0L, rank))));
        foreach (var item in Enumerable.Range(0, loads.Count).OrderByDescending(item => loads[item]))
        {
            least.TryDequeue(out var rank, out var had);
            shares[rank].Add(item);
            least.Enqueue(rank, (had.Load + loads[item], rank));
        }
        return Array.ConvertAll(shares, share => share.Order().ToArray());
    }

    /// <summary>How many items make a portion, so that ranks that take portions in turn end together.</summary>
    /// <param name="items">Items in all.</param>
    /// <param name="most">The most in a portion; alone a rank takes as many.</param>
    /// <param name="ranks">How many take portions in turn.</param>
    public static int Portion(int items, int most, int ranks)
    {
        if (ranks == 1 || items == 0)
            return most;
        var rounds = (items + (long)most * ranks - 1) / ((long)most * ranks);
        return (int)((items + rounds * ranks - 1) / (rounds * ranks));
    }
}
