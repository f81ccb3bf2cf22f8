using Kalm.Engine;
using Kalm.Language.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>One model run by several workers at once: each has a decoder over the same weights and a gradient of its own. On a CPU,
/// small matrices scale badly over the threads of one product, and well over workers that each take a share of the rows.</summary>
public sealed class DecoderPool : IDisposable
{
    /// <summary>Below this width a CPU does better with one worker per core than with one worker on all cores.</summary>
    private const int WideModel = 1024;

    /// <summary>The most tokens of a block, padding included, that holds more than one row.</summary>
    internal const int BlockTokens = 2048;

    private readonly WorkerThreads workers;
    private readonly Decoder[] decoders;
    private readonly ParameterReplica[] replicas;
    private readonly Device device;
    private readonly int positions;
    private readonly int vocabulary;

    /// <summary>Starts the workers.</summary>
    /// <param name="model">The base model; not owned, must outlive the pool.</param>
    /// <param name="learned">What is learned; null for inference with the base alone. Not owned, must outlive the pool.</param>
    /// <param name="lora">The low-rank options, when low-rank matrices are learned.</param>
    /// <param name="threads">The number of CPU threads to use in all.</param>
    /// <param name="dropout">The dropout of training passes on what a layer adds to its states.</param>
    public DecoderPool(CausalModel model, ParameterSet? learned, AdapterConfig? lora, int threads, double dropout = 0)
    {
        device = model.Device;
        Config = model.Config;
        positions = model.Config.MaxPositions;
        vocabulary = model.Config.VocabularySize;
        var count = device.type == DeviceType.CPU && model.Config.HiddenSize < WideModel ? threads : 1;
        workers = new WorkerThreads(count, Math.Max(1, threads / count));
        set_num_threads(Math.Max(1, threads / count));
        replicas = learned is null ? [] : [.. Enumerable.Range(0, count).Select(_ => learned.CreateReplica())];
        decoders = [.. Enumerable.Range(0, count).Select(index =>
            new Decoder(model.Config, model.Weights, learned is null ? null : replicas[index], lora, device, dropout))];
    }

    /// <summary>The number of workers.</summary>
    public int WorkerCount => decoders.Length;

    /// <summary>The leaves of the first worker, for losses computed by the caller; null when nothing is learned.</summary>
    public ParameterReplica? Learned => replicas.FirstOrDefault();

    /// <summary>The final-norm hidden states of every row's reads, without gradients.</summary>
    /// <param name="rows">Any number of rows.</param>
    /// <returns>[reads, hidden] in the order of the rows; the caller owns it.</returns>
    public Tensor Read(IReadOnlyList<TokenRow> rows)
    {
        var plan = Plan(rows);
        var parts = new Tensor[WorkerCount][];
        workers.Run(worker =>
        {
            using var noGradient = no_grad();
            parts[worker] = [.. plan.Blocks[worker].Select(block =>
            {
                using var scope = NewDisposeScope();
                using var tokens = new TokenBlock(plan.RowsOf(block), device);
                var decoder = decoders[worker];
                return decoder.Read(decoder.Embed(tokens.Tokens), tokens).DetachFromDisposeScope();
            })];
        });
        return Gather(plan, parts);
    }

    /// <summary>The log-probabilities of the labels that follow the reads, without gradients.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="labels">For each row, the token that should follow each of its reads.</param>
    /// <returns>For each row, the natural logarithm of each label's probability.</returns>
    public IReadOnlyList<float[]> LogLikelihoods(IReadOnlyList<TokenRow> rows, IReadOnlyList<int[]> labels)
    {
        var plan = Plan(rows);
        var likelihoods = new float[rows.Count][];
        workers.Run(worker =>
        {
            using var noGradient = no_grad();
            foreach (var block in plan.Blocks[worker])
            {
                using var scope = NewDisposeScope();
                using var tokens = new TokenBlock(plan.RowsOf(block), device);
                var states = decoders[worker].Read(decoders[worker].Embed(tokens.Tokens), tokens);
                var found = LabelLikelihoods.Of(decoders[worker], states, [.. block.SelectMany(row => labels[row]).Select(label => (long)label)], vocabulary);
                var at = 0;
                foreach (var row in block)
                    likelihoods[row] = found[at..(at += labels[row].Length)];
            }
        });
        return likelihoods;
    }

    /// <summary>A training pass: the states of every row's reads, and the way back.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <returns>The pass; the caller owns it, and calls <see cref="TrainingPass.Backward"/> once on it.</returns>
    public TrainingPass Forward(IReadOnlyList<TokenRow> rows, long seed)
    {
        var plan = Plan(rows);
        var outputs = new Tensor[WorkerCount][];
        workers.Run(worker => outputs[worker] = ForwardShare(worker, plan, seed));
        using var scope = NewDisposeScope();
        var detached = outputs.Select(share => share.Select(output => output.detach().DetachFromDisposeScope()).ToArray()).ToArray();
        var states = Gather(plan, detached).requires_grad_();
        return new TrainingPass(this, plan, outputs, states);
    }

    /// <summary>Adds the gradient of the weighted mean negative log-likelihood of the labels that follow the reads.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="labels">For each row, the token that should follow each of its reads.</param>
    /// <param name="weight">The weight of the mean in the loss.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <param name="shares">How much each label counts in the mean; null counts all the same.</param>
    /// <returns>The mean negative log-likelihood in nats per label.</returns>
    public double LanguageModelPass(
        IReadOnlyList<TokenRow> rows, IReadOnlyList<int[]> labels, double weight, long seed, IReadOnlyList<float[]>? shares = null)
    {
        var plan = Plan(rows);
        var total = shares?.Sum(row => row.Sum(share => (double)share)) ?? labels.Sum(row => (long)row.Length);
        var sums = new double[WorkerCount];
        workers.Run(worker =>
        {
            using var randomness = new Generator(unchecked((ulong)(seed * 1009 + worker)), device);
            decoders[worker].Randomness = randomness;
            foreach (var block in plan.Blocks[worker])
                sums[worker] += LanguageModelBlock(
                    decoders[worker], plan.RowsOf(block), block.SelectMany(row => labels[row]), shares is null ? null : block.SelectMany(row => shares[row]), weight / total);
            decoders[worker].Randomness = null;
        });
        return sums.Sum() / total;
    }

    /// <summary>Runs an action on every worker side by side, each with its own decoder.</summary>
    internal void RunEach(Action<Decoder> action) => workers.Run(worker =>
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        action(decoders[worker]);
    });

    /// <summary>Runs a function on the first worker.</summary>
    internal TResult OnFirst<TResult>(Func<Decoder, TResult> function)
    {
        TResult? result = default;
        workers.RunOn(0, () =>
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            result = function(decoders[0]);
        });
        return result!;
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the weights live.</summary>
    public Device Device => device;

    /// <summary>Sets every worker's gradient to zero.</summary>
    public void ZeroGradients()
    {
        foreach (var replica in replicas)
            replica.Gradient.zero_();
    }

    /// <summary>The workers' gradients summed in a fixed order.</summary>
    /// <returns>Flat, as <see cref="ParameterSet.Values"/>; owned by the first worker, valid until the next pass.</returns>
    public Tensor SumGradients()
    {
        using var noGradient = no_grad();
        foreach (var replica in replicas.Skip(1))
            replicas[0].Gradient.PlusInPlace(replica.Gradient);
        return replicas[0].Gradient;
    }

    /// <exception cref="KalmException">A row is longer than the model's context.</exception>
    private BlockPlan Plan(IReadOnlyList<TokenRow> rows)
    {
        var longest = rows.Max(row => row.Positions.Max()) + 1;
        if (longest > positions)
            throw new KalmException(
                $"a text of {longest} tokens does not fit the model's context of {positions}; expected shorter texts: lower the wording's maximum_text_tokens or maximum_prompt_tokens in a recipe");
        return new BlockPlan(rows, BlockTokens, WorkerCount);
    }

    private double LanguageModelBlock(Decoder decoder, TokenRow[] rows, IEnumerable<int> labels, IEnumerable<float>? shares, double weight)
    {
        using var scope = NewDisposeScope();
        using var block = new TokenBlock(rows, device);
        var logits = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block));
        var target = tensor(labels.Select(label => (long)label).ToArray(), device: device);
        var sum = shares is null
            ? nn.functional.cross_entropy(logits, target, reduction: nn.Reduction.Sum)
            : (nn.functional.cross_entropy(logits, target, reduction: nn.Reduction.None) * tensor(shares.ToArray(), device: device)).sum();
        using var factor = weight.ToScalar();
        sum.mul(factor).backward();
        return sum.ReadNumber();
    }

    private Tensor[] ForwardShare(int worker, BlockPlan plan, long seed)
    {
        var blocks = plan.Blocks[worker];
        if (blocks.Count == 0)
            return [];
        using var scope = NewDisposeScope();
        using var randomness = new Generator(unchecked((ulong)(seed * 1009 + worker)), device);
        var decoder = decoders[worker];
        decoder.Randomness = randomness;
        var laidOut = blocks.Select(block => new TokenBlock(plan.RowsOf(block), device)).ToArray();
        // One look-up for all blocks: its gradient is a dense matrix as large as the vocabulary.
        var embedded = decoder.Embed(cat([.. laidOut.Select(block => block.Tokens)]))
            .split([.. laidOut.Select(block => block.Tokens.numel())]);
        var outputs = laidOut.Select((block, index) => decoder.Read(embedded[index], block).DetachFromDisposeScope()).ToArray();
        foreach (var block in laidOut)
            block.Dispose();
        decoder.Randomness = null;
        return outputs;
    }

    private static Tensor Gather(BlockPlan plan, Tensor[][] parts)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var all = parts.SelectMany(part => part).ToArray();
        var joined = cat(all);
        foreach (var part in all)
            part.Dispose();
        return joined.index_select(0, tensor(plan.ReadOrder, device: joined.device)).DetachFromDisposeScope();
    }

    internal void Backward(BlockPlan plan, Tensor[][] outputs, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var inverse = new long[plan.ReadOrder.Length];
        for (var read = 0; read < inverse.Length; read++)
            inverse[plan.ReadOrder[read]] = read;
        var ordered = gradient.index_select(0, tensor(inverse, device: device));
        var starts = new long[outputs.Length];
        for (var worker = 1; worker < outputs.Length; worker++)
            starts[worker] = starts[worker - 1] + outputs[worker - 1].Sum(output => output.shape[0]);
        workers.Run(worker =>
        {
            if (outputs[worker].Length == 0)
                return;
            using var workerScope = NewDisposeScope();
            var sizes = outputs[worker].Select(output => output.shape[0]).ToArray();
            var share = ordered.narrow(0, starts[worker], sizes.Sum()).split(sizes);
            autograd.backward(outputs[worker], share);
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        workers.Dispose();
        foreach (var decoder in decoders)
            decoder.Dispose();
        foreach (var replica in replicas)
            replica.Dispose();
    }
}

/// <summary>The states of a training pass as a leaf of the caller's own loss; the gradient that arrives there is sent on through the
/// decoder, worker by worker (as GradCache does, arXiv 2101.06983, but without computing anything twice).</summary>
public sealed class TrainingPass : IDisposable
{
    private readonly DecoderPool pool;
    private readonly BlockPlan plan;
    private readonly Tensor[][] outputs;

    internal TrainingPass(DecoderPool pool, BlockPlan plan, Tensor[][] outputs, Tensor states)
    {
        (this.pool, this.plan, this.outputs) = (pool, plan, outputs);
        States = states;
    }

    /// <summary>[reads, hidden], in the order of the rows; a leaf that gathers a gradient. Owned by the pass.</summary>
    public Tensor States { get; }

    /// <summary>Sends the gradient of <see cref="States"/> through the decoder into the learned parameters.</summary>
    public void Backward()
    {
        using var gradient = States.grad ?? throw new InvalidOperationException("no loss has been sent back to the states");
        pool.Backward(plan, outputs, gradient);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var output in outputs.SelectMany(share => share))
            output.Dispose();
        States.Dispose();
    }
}
