using Kalm.Distributed;
using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Alignment.Losses;

/// <summary>A training pass over rows of which each rank runs its share: every rank has the states of all rows, and the gradient that
/// arrives at them goes back through the rank's own.</summary>
internal sealed class SharedPass : IDisposable
{
    private readonly TrainingPass? pass;
    private readonly long[]? own;

    /// <summary>Runs this rank's share and gathers all.</summary>
    /// <param name="decoder">What learns.</param>
    /// <param name="rows">At least one row, the same on all ranks.</param>
    /// <param name="seed">Decides the dropout of this pass, together with the rank.</param>
    /// <param name="recompute">As for <see cref="DecoderPool.Forward"/>.</param>
    /// <param name="ranks">Who shares the rows.</param>
    public SharedPass(DecoderPool decoder, IReadOnlyList<TokenRow> rows, long seed, bool recompute, ICollectives ranks)
    {
        if (ranks.Count == 1)
        {
            pass = decoder.Forward(rows, seed, recompute);
            States = pass.States;
            return;
        }
        var shares = Shares.Of([.. rows.Select(row => row.Length)], ranks.Count);
        TokenRow[] share = [.. shares[ranks.Rank].Select(row => rows[row])];
        if (share.Length > 0)
            pass = decoder.Forward(share, seed + ranks.Rank, recompute);
        var firstRead = new int[rows.Count + 1];
        for (var row = 0; row < rows.Count; row++)
            firstRead[row + 1] = firstRead[row] + rows[row].Reads.Length;
        own = [.. ReadsOf(shares[ranks.Rank])];
        var place = new long[firstRead[^1]];
        foreach (var (index, read) in shares.SelectMany(ReadsOf).Index())
            place[read] = index;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var gathered = ranks.Gather(
            pass?.States.detach() ?? zeros([0, decoder.Config.HiddenSize], ScalarType.Float32, decoder.Device));
        States = gathered.index_select(0, tensor(place, device: decoder.Device)).DetachFromDisposeScope().requires_grad_();

        IEnumerable<long> ReadsOf(int[] share) =>
            share.SelectMany(row => Enumerable.Range(firstRead[row], rows[row].Reads.Length)).Select(read => (long)read);
    }

    /// <summary>[reads, hidden], in the order of the rows; a leaf that gathers a gradient. Owned by the pass.</summary>
    public Tensor States { get; }

    /// <summary>Sends the gradient of <see cref="States"/> through this rank's rows into the learned parameters.</summary>
    public void Backward()
    {
        if (own is not null && pass is not null)
        {
            using var scope = NewDisposeScope();
            var gradient = States.grad ?? throw new InvalidOperationException("no loss has been sent back to the states");
            autograd.backward([pass.States], [gradient.index_select(0, tensor(own, device: gradient.device))]);
        }
        pass?.Backward();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (own is not null)
            States.Dispose();
        pass?.Dispose();
    }
}
