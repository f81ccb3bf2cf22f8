using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>The states of a training pass as a leaf of the caller's own loss; the gradient that arrives there is sent on through the
/// decoder, worker by worker. Either what the way back needs is kept, or it is computed again, some blocks at a time (GradCache,
/// arXiv 2101.06983), with the same dropout.</summary>
public sealed class TrainingPass : IDisposable
{
    /// <summary>Blocks that are computed again together: one look-up of their tokens, whose gradient is as large as the
    /// vocabulary.</summary>
    public const int BlocksTogether = 4;

    private readonly DecoderPool pool;
    private readonly BlockPlan plan;
    private readonly long seed;
    private readonly bool recompute;
    private readonly int blocksTogether;
    private readonly Tensor[][] outputs;

    internal TrainingPass(DecoderPool pool, BlockPlan plan, long seed, bool recompute, int blocksTogether)
    {
        (this.pool, this.plan, this.seed, this.recompute, this.blocksTogether) = (pool, plan, seed, recompute, blocksTogether);
        outputs = new Tensor[pool.WorkerCount][];
        pool.OnWorkers(worker =>
        {
            using var noGradient = recompute ? no_grad() : null;
            outputs[worker] = [.. Chunks(worker).SelectMany(blocks => pool.RunBlocks(worker, plan, blocks, seed))];
        });
        using var scope = NewDisposeScope();
        var detached = outputs.Select(share => share.Select(output => output.detach().DetachFromDisposeScope()).ToArray()).ToArray();
        States = DecoderPool.Gather(plan, detached).requires_grad_();
    }

    /// <summary>[reads, hidden], in the order of the rows; a leaf that gathers a gradient. Owned by the pass.</summary>
    public Tensor States { get; }

    /// <summary>Sends the gradient of <see cref="States"/> through the decoder into the learned parameters.</summary>
    public void Backward()
    {
        using var scope = NewDisposeScope();
        var gradient = States.grad ?? throw new InvalidOperationException("no loss has been sent back to the states");
        var inverse = new long[plan.ReadOrder.Length];
        for (var read = 0; read < inverse.Length; read++)
            inverse[plan.ReadOrder[read]] = read;
        var ordered = gradient.index_select(0, tensor(inverse, device: pool.Device));
        var starts = new long[outputs.Length];
        for (var worker = 1; worker < outputs.Length; worker++)
            starts[worker] = starts[worker - 1] + Reads(outputs[worker - 1]).Sum();
        pool.OnWorkers(worker =>
        {
            var place = starts[worker];
            foreach (var blocks in Chunks(worker))
            {
                using var workerScope = NewDisposeScope();
                var states = recompute ? pool.RunBlocks(worker, plan, blocks, seed) : outputs[worker][blocks];
                var sizes = Reads(states);
                autograd.backward(states, ordered.narrow(0, place, sizes.Sum()).split(sizes));
                place += sizes.Sum();
                if (recompute)
                    Free(states);
            }
        });
    }

    private IEnumerable<Range> Chunks(int worker)
    {
        var count = plan.Blocks[worker].Count;
        var together = recompute ? blocksTogether : Math.Max(1, count);
        for (var start = 0; start < count; start += together)
            yield return start..Math.Min(start + together, count);
    }

    private static long[] Reads(Tensor[] states) => [.. states.Select(state => state.shape[0])];

    private static void Free(IEnumerable<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            tensor.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free(outputs.SelectMany(share => share));
        States.Dispose();
    }
}
