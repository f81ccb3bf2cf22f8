using System.Text.Json;
using static TorchSharp.torch;

namespace Kalm.Distributed;

/// <summary>What is made of the few operations of <see cref="ICollectives"/>.</summary>
public static class Collectives
{
    /// <summary>Whether this rank reads and writes the run's files.</summary>
    public static bool IsFirst(this ICollectives ranks) => Of(ranks).Rank == 0;

    /// <summary>Lets the first rank make a value and tells it to all, as JSON.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="make">Called on the first rank alone.</param>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    public static T FromFirst<T>(this ICollectives ranks, Func<T> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        if (Of(ranks).Count == 1)
            return make();
        var told = ranks.FromFirst(ranks.IsFirst() ? JsonSerializer.SerializeToUtf8Bytes(make(), Json.Options) : null);
        return JsonSerializer.Deserialize<T>(told, Json.Options)!;
    }

    /// <summary>Gives all ranks what tensors of the first hold, in place.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="tensors">F32, contiguous, of the same shapes on all ranks; those of other ranks are overwritten.</param>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    public static void FromFirst(this ICollectives ranks, IEnumerable<Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        if (Of(ranks).Count == 1)
            return;
        using var noGradient = no_grad();
        foreach (var values in tensors)
        {
            if (!ranks.IsFirst())
                values.zero_();
            ranks.Sum(values);
        }
    }

    /// <summary>The sums of some numbers over the ranks.</summary>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    public static double[] Totals(this ICollectives ranks, params double[] values)
    {
        if (Of(ranks).Count == 1)
            return values;
        using var all = tensor(values);
        ranks.Sum(all);
        return all.data<double>().ToArray();
    }

    /// <summary>Ends the work on all ranks alike once one of them is to stop.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="cancellation">What stops this one.</param>
    /// <exception cref="OperationCanceledException">One of them is to stop.</exception>
    public static void ThrowIfStopped(this ICollectives ranks, CancellationToken cancellation)
    {
        if (Of(ranks).Count == 1)
        {
            cancellation.ThrowIfCancellationRequested();
            return;
        }
        long[] stopped = [cancellation.IsCancellationRequested ? 1 : 0];
        ranks.Max(stopped);
        if (stopped[0] > 0)
            throw new OperationCanceledException(cancellation);
    }

    /// <summary>What stops this rank in its own work: with others nothing does, because they would wait for it in what is done together;
    /// there a stop is agreed on (<see cref="ThrowIfStopped"/>).</summary>
    internal static CancellationToken OwnStop(this ICollectives ranks, CancellationToken cancellation) =>
        ranks.Count == 1 ? cancellation : CancellationToken.None;

    private static ICollectives Of(ICollectives ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        return ranks;
    }
}
