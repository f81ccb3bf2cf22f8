using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Low-rank adapters (LoRA, arXiv 2106.09685) in PEFT's names and shapes.</summary>
public static class LowRank
{
    private const string WeightEnd = ".weight";

    /// <summary>The matrices of an adapter that is learned: PEFT's names and shapes, for the linear modules of the layers that it
    /// targets.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Shapes(ModelConfig config, AdapterConfig adapter)
    {
        foreach (var (name, shape) in config.TensorShapes())
        {
            if (shape.Length != 2 || !name.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal))
                continue;
            var module = config.CheckpointName(name[..^WeightEnd.Length]);
            if (!adapter.Targets(module))
                continue;
            yield return (AdapterConfig.LoraName(module, 'A'), [adapter.RankOf(module), shape[1]]);
            yield return (AdapterConfig.LoraName(module, 'B'), [shape[0], adapter.RankOf(module)]);
        }
    }

    /// <summary>Fresh matrices: A uniform within 1 / sqrt(in) (Kaiming with a = sqrt 5), B zero, so that training starts at the base
    /// model.</summary>
    /// <returns>The matrices by name; the caller owns them.</returns>
    public static Dictionary<string, Tensor> Initialise(ModelConfig config, AdapterConfig adapter, long seed)
    {
        using var randomness = new Generator(unchecked((ulong)seed));
        var matrices = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in Shapes(config, adapter))
        {
            using var scope = NewDisposeScope();
            var bound = 1 / Math.Sqrt(shape[1]);
            using var width = (2 * bound).ToScalar();
            using var middle = bound.ToScalar();
            var matrix = name.Contains("lora_A", StringComparison.Ordinal)
                ? rand(shape, generator: randomness).mul(width).sub(middle)
                : zeros(shape);
            matrices.Add(name, matrix.DetachFromDisposeScope());
        }
        return matrices;
    }

    /// <summary>One tensor of the merged model, in F32.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="name">Its canonical name, one of <see cref="AdapterFolder.Config"/>'s.</param>
    /// <param name="readBase">Gives a tensor of the base model by its canonical name, F32, to be changed and kept; of an output layer that
    /// was the embedding it is asked for the embedding.</param>
    /// <returns>The tensor; the caller owns it.</returns>
    public static Tensor Merge(AdapterFolder adapter, string name, Func<string, Tensor> readBase)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        ArgumentNullException.ThrowIfNull(readBase);
        if (!adapter.Changes.TryGetValue(name, out var change))
            return readBase(name);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var weight = Start(adapter, change, readBase);
        if (change.Product is { } product)
            Add(weight, product, entry => Read(adapter, entry, weight.device));
        if (change.UpBias is var (bias, factor))
            AddScaled(weight, Read(adapter, bias, weight.device), factor);
        if (change.Tokens is var (values, rows))
        {
            var index = tensor(rows.ToArray(), device: weight.device);
            weight.index_copy_(0, index, Read(adapter, values, weight.device));
        }
        return weight.DetachFromDisposeScope();
    }

    /// <summary>Whether an adapter does nothing but add a product to a layer's matrix of the base, so that it may stay beside it.</summary>
    /// <param name="change">What the adapter does.</param>
    /// <param name="name">The matrix's canonical name.</param>
    /// <param name="source">The model.</param>
    internal static bool IsAddition(AdaptedTensor change, string name, IModelSource source) =>
        change is { Stored: null, UpBias: null, Tokens: null, StartsAtZero: false }
        && change.Product is { Magnitude: null, Start: LowRankStart.Base, IsEmbedding: false }
        && change.From == name && name.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal)
        && source.TryFind(name) is { } stored && stored.Shape.SequenceEqual(change.Shape);

    /// <summary>A, or B times its factor.</summary>
    /// <returns>The caller owns it.</returns>
    internal static Tensor ReadAddition(AdapterFolder adapter, LowRankProduct product, char which)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var factor = product.Scale.ToScalar();
        var matrix = Read(adapter, which == 'A' ? product.Down : product.Up, CPU);
        return (which == 'A' ? matrix : matrix.mul(factor)).DetachFromDisposeScope();
    }

    private static Tensor Start(AdapterFolder adapter, AdaptedTensor change, Func<string, Tensor> readBase)
    {
        if (change.Stored is { } stored)
            return Read(adapter, stored, CPU);
        if (change.StartsAtZero)
            return zeros(change.Shape);
        var weight = readBase(change.From);
        if (weight.shape[0] == change.Shape[0])
            return weight;
        using (weight)
            return weight.narrow(0, 0, change.Shape[0]).clone();
    }

    private static void Add(Tensor weight, LowRankProduct product, Func<StoredTensor, Tensor> read)
    {
        if (product.Start != LowRankStart.Base)
            AddScaled(
                weight, Leading(weight, product.Start, product.Down.Shape[0]),
                product.Start == LowRankStart.WithoutLeadingColumns ? -product.Scale : -1);
        var (down, up) = (read(product.Down), read(product.Up));
        AddScaled(weight, product.IsEmbedding ? down.t().mm(up.t()) : up.mm(down), product.Scale);
        if (product.Magnitude is null)
            return;
        // DoRA: the norm of each output's weights; of an embedding, of each dimension over all tokens.
        var (along, lengths) = product.IsEmbedding ? (0L, read(product.Magnitude).view(1, -1)) : (1L, read(product.Magnitude).view(-1, 1));
        weight.mul_(lengths / linalg.norm(weight, dims: [along], keepdim: true));
    }

    // What the adapter's A and B began as, whose product training took out of the base; in F64, because singular vectors of values that
    // lie close together need the room.
    private static Tensor Leading(Tensor weight, LowRankStart start, long rank)
    {
        var exact = weight.to(ScalarType.Float64);
        if (start == LowRankStart.WithoutLeadingColumns)
        {
            var (directions, columns) = linalg.qr(exact);
            return directions.narrow(1, 0, rank).mm(columns.narrow(0, 0, rank)).to(ScalarType.Float32);
        }
        var (left, values, right) = linalg.svd(exact, fullMatrices: false);
        return left.narrow(1, 0, rank).mul(values.narrow(0, 0, rank)).mm(right.narrow(0, 0, rank)).to(ScalarType.Float32);
    }

    private static void AddScaled(Tensor weight, Tensor addend, double factor)
    {
        using var scale = factor.ToScalar();
        weight.add_(addend, scale);
    }

    // Unlike a weight of the base, which has an owner, it dies with the scope it is read in.
    private static Tensor Read(AdapterFolder adapter, StoredTensor entry, Device device)
    {
        using var values = SourceTensors.Read(adapter.Weights, entry.Name, device);
        return values.alias();
    }
}
