using Kalm.Engine;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>One model run by several workers at once: each has a decoder over the same weights and a gradient of its own. On a CPU,
/// small matrices scale badly over the threads of one product, and well over workers that each take a share of the rows.</summary>
public sealed partial class DecoderPool : IDisposable
{
    /// <summary>The most tokens of a block, padding included, that holds more than one row.</summary>
    internal const int BlockTokens = 2048;

    /// <summary>What numbers of tokens and reads are filled up to multiples of where products are rounded.</summary>
    internal const int RoundedMultiple = 64;

    private readonly WorkerThreads workers;
    private readonly CoreTeam? team;
    private readonly int threads;
    private readonly ActivationMemory memory;
    private readonly Decoder[] decoders;
    private readonly ParameterReplica[] replicas;
    private readonly Device device;
    private readonly int? vectorLayer;
    private readonly int positions;
    private readonly int vocabulary;

    /// <summary>Starts the workers.</summary>
    /// <param name="model">The base model; not owned, must outlive the pool.</param>
    /// <param name="learned">What is learned; null for inference with the base alone. Not owned, must outlive the pool.</param>
    /// <param name="lora">The low-rank options, when low-rank matrices are learned.</param>
    /// <param name="threads">The number of CPU threads to use in all.</param>
    /// <param name="dropout">The dropout of training passes on what a layer adds to its states.</param>
    /// <param name="roundProducts">Whether training passes multiply matrices rounded to BF16 where a CPU has units for that.</param>
    /// <param name="vectorLayer">Behind how many layers <see cref="Read"/> and <see cref="Forward"/> take their states; null for all. What
    /// is written always runs through all.</param>
    /// <exception cref="KalmException">The model has fewer layers, or all that learns lies above.</exception>
    public DecoderPool(
        CausalModel model, ParameterSet? learned, AdapterConfig? lora, int threads, double dropout = 0, bool roundProducts = false,
        int? vectorLayer = null)
    {
        if (vectorLayer is { } layer && (layer < 1 || layer > model.Config.LayerCount))
            throw new KalmException($"vector_layer: found {layer}; expected 1..{model.Config.LayerCount}, the model's layers");
        if (learned is not null && vectorLayer <= (lora?.LayersBelow ?? 0))
            throw new KalmException(
                $"vector_layer: found {vectorLayer}; expected more than {lora!.LayersBelow}, below which no layer is trained");
        this.vectorLayer = vectorLayer;
        RoundsProducts = roundProducts && (model.Device.type != DeviceType.CPU || MatrixProducts.CanRound);
        (device, this.threads) = (model.Device, threads);
        team = learned is null && device.type == DeviceType.CPU ? new CoreTeam(threads) : null;
        Config = model.Config;
        positions = model.Config.ContextLength;
        vocabulary = model.Config.VocabularySize;
        EndTokenIds = model.EndTokenIds;
        var count = device.type == DeviceType.CPU && model.Config.HiddenSize < Decoder.WideModel ? threads : 1;
        memory = new ActivationMemory(model.Config, device, count, learned is null ? 0 : lora?.LayersBelow ?? 0);
        if (learned is not null && device.type == DeviceType.CPU)
            NativeMemory.KeepForUse();
        workers = new WorkerThreads(count, Math.Max(1, threads / count));
        EngineThreads.Use(Math.Max(1, threads / count));
        replicas = learned is null ? [] : [.. Enumerable.Range(0, count).Select(_ => learned.CreateReplica())];
        decoders = [.. Enumerable.Range(0, count).Select(index =>
            new Decoder(model.Config, model.Weights, learned is null ? null : replicas[index], lora, device, dropout, team: team,
                isShort: RoundsProducts && device.type != DeviceType.CPU))];
    }

    /// <summary>Any of these tokens ends a text.</summary>
    public IReadOnlyList<int> EndTokenIds { get; }

    /// <summary>Whether training passes multiply matrices rounded to BF16.</summary>
    public bool RoundsProducts { get; }

    // The library that multiplies rounded matrices compiles code for every new shape.
    internal int ShapeMultiple => RoundsProducts ? RoundedMultiple : 1;

    /// <summary>The CPU threads that all workers use together.</summary>
    public int ThreadCount => threads;

    /// <summary>Whose turn it is, where two threads use the workers; null where one does.</summary>
    public DecoderTurns? Turns { get; set; }

    /// <summary>The number of workers.</summary>
    public int WorkerCount => decoders.Length;

    /// <summary>The leaves of the first worker, for losses computed by the caller; null when nothing is learned.</summary>
    public ParameterReplica? Learned => replicas.FirstOrDefault();

    /// <summary>A training pass: the states of every row's reads, and the way back.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <param name="recompute">Whether the way back computes everything again, a few blocks at a time, instead of keeping it: the gradient
    /// is the same, the memory that of a few blocks. Where this machine would not hold a whole pass it is done anyway.</param>
    /// <returns>The pass; the caller owns it, and calls <see cref="TrainingPass.Backward"/> once on it.</returns>
    public TrainingPass Forward(IReadOnlyList<TokenRow> rows, long seed, bool recompute = false)
    {
        // The same blocks either way, so that the same dropout is drawn.
        var mustRecompute = !memory.Holds(rows.Sum(row => (long)row.Length));
        return new TrainingPass(this, Plan(rows), seed, recompute || mustRecompute, mustRecompute ? 1 : TrainingPass.BlocksTogether);
    }

    /// <summary>Runs a function on every block of some rows in training, the workers side by side.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <param name="function">Given the worker, its decoder, the numbers of the block's rows and the rows laid out.</param>
    /// <returns>The sum of what the function gave.</returns>
    internal double SumOverBlocks(
        IReadOnlyList<TokenRow> rows, long seed, Func<int, Decoder, IReadOnlyList<int>, TokenBlock, double> function)
    {
        var plan = Plan(rows);
        var sums = new double[WorkerCount];
        OnWorkers(worker =>
        {
            using var randomness = new Generator(unchecked((ulong)(seed * 1009 + worker)), device);
            var decoder = decoders[worker];
            decoder.Randomness = randomness;
            foreach (var numbers in plan.Blocks[worker])
            {
                using var scope = NewDisposeScope();
                using var block = decoder.Block(plan.RowsOf(numbers), ShapeMultiple);
                sums[worker] += function(worker, decoder, numbers, block);
            }
            decoder.Randomness = null;
        });
        return sums.Sum();
    }

    /// <summary>The decoder of a worker.</summary>
    internal Decoder DecoderOf(int worker) => decoders[worker];

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

    /// <exception cref="KalmException">A row is longer than the model's context, or has a token for which the embedding has no
    /// row.</exception>
    private BlockPlan Plan(IReadOnlyList<TokenRow> rows)
    {
        var highest = rows.Max(row => row.Tokens.Max());
        if (highest >= vocabulary)
            throw new KalmException($"a text holds the token {highest}, which the tokenizer has and the model's embedding of "
                + $"{vocabulary} rows has not; "
                + "expected a text without it");
        var longest = rows.Max(row => row.Positions.Max()) + 1;
        if (longest > positions)
            throw new KalmException(
                $"a text of {longest} tokens does not fit the model's context of {positions}; expected shorter texts: lower the wording's "
                    + "maximum_text_tokens or maximum_prompt_tokens in a recipe");
        return new BlockPlan(rows, memory.TokensAtOnce(BlockTokens), WorkerCount);
    }

    /// <summary>Runs some blocks of a worker's share in training.</summary>
    /// <returns>The states that each block reads; the caller owns them.</returns>
    internal Tensor[] RunBlocks(int worker, BlockPlan plan, Range blocks, long seed)
    {
        using var scope = NewDisposeScope();
        var decoder = decoders[worker];
        var (first, count) = blocks.GetOffsetAndLength(plan.Blocks[worker].Count);
        var laidOut = plan.Blocks[worker].Skip(first).Take(count)
            .Select(block => decoder.Block(plan.RowsOf(block), ShapeMultiple)).ToArray();
        var rows = plan.Blocks[worker].Skip(first).Take(count).Select(plan.RowsOf).ToArray();
        var isKept = Below is not null && Array.TrueForAll(rows, block => Array.TrueForAll(block, row => row.StatesAt.Length > 0));
        // One look-up for all blocks: its gradient is a dense matrix as large as the vocabulary.
        var embedded = isKept ? [.. rows.Zip(laidOut, ReadKept)] : decoder.Embed(cat([.. laidOut.Select(block => block.Tokens)]))
            .split([.. laidOut.Select(block => block.Tokens.numel())]);
        var outputs = new Tensor[count];
        for (var index = 0; index < count; index++)
        {
            // Every block draws by itself, so that it can be run again.
            using var randomness = new Generator(unchecked((ulong)(((seed * 1009) + worker) * 1009 + first + index)), device);
            decoder.Randomness = randomness;
            outputs[index] = (isKept ? decoder.ReadAbove(embedded[index], laidOut[index], vectorLayer)
                : decoder.Read(embedded[index], laidOut[index], vectorLayer))
                .DetachFromDisposeScope();
            laidOut[index].Dispose();
        }
        decoder.Randomness = null;
        return outputs;
    }

    /// <summary>The tokens that a training pass over some rows takes through the body, padding included.</summary>
    /// <returns>For each worker those of its blocks.</returns>
    internal IReadOnlyList<IReadOnlyList<long>> TokensThrough(IReadOnlyList<TokenRow> rows)
    {
        if (rows.Count == 0)
            return [.. Enumerable.Repeat<IReadOnlyList<long>>([], WorkerCount)];
        var plan = Plan(rows);
        return [.. plan.Blocks.Select(blocks => blocks.Select(indices =>
        {
            using var block = decoders[0].Block(plan.RowsOf(indices), ShapeMultiple);
            return block.Tokens.numel();
        }).ToArray())];
    }

    internal static Tensor Gather(BlockPlan plan, Tensor[][] parts)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var all = parts.SelectMany(part => part).ToArray();
        var joined = cat(all);
        foreach (var part in all)
            part.Dispose();
        return joined.index_select(0, tensor(plan.ReadOrder, device: joined.device)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        workers.Dispose();
        team?.Dispose();
        foreach (var decoder in decoders)
            decoder.Dispose();
        foreach (var replica in replicas)
            replica.Dispose();
    }
}
