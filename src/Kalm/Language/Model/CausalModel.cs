using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>A causal language model in memory: architecture, tokenizer and weights. Owns the weights.</summary>
public sealed class CausalModel : IDisposable
{
    private readonly Dictionary<string, Tensor> weights;

    /// <summary>Takes ready weights over.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="weights">Every tensor of <see cref="ModelConfig.TensorShapes"/>, F32; owned from here on.</param>
    /// <param name="device">Where the weights live.</param>
    public CausalModel(ModelConfig config, Tokenizer tokenizer, Dictionary<string, Tensor> weights, Device device)
    {
        (Config, Tokenizer, this.weights, Device) = (config, tokenizer, weights, device);
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>Turns text into the ids of the embeddings' rows.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The weights by their checkpoint names, F32; of a model loaded in fewer bytes the matrices in their held form, with
    /// <see cref="TensorNames.ScalesOf"/> beside them. Owned by the model.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => weights;

    /// <summary>Where the weights live.</summary>
    public Device Device { get; }

    /// <summary>The number of parameters, with and without the token embedding and a separate head.</summary>
    public (long All, long Body) ParameterCount => CountParameters(Config);

    /// <summary>The number of parameters of an architecture, with and without the token embedding and a separate head.</summary>
    public static (long All, long Body) CountParameters(ModelConfig config)
    {
        var counts = config.TensorShapes()
            .Select(tensor => (tensor.Name, Count: tensor.Shape.Aggregate(1L, (product, size) => product * size))).ToList();
        return (counts.Sum(tensor => tensor.Count),
            counts.Where(tensor => tensor.Name is not (TensorNames.Embedding or TensorNames.Head)).Sum(tensor => tensor.Count));
    }

    /// <summary>How the model wants to be sampled, and what ends a text.</summary>
    public GenerationDefaults Generation { get; private init; } = new();

    /// <summary>Any of these tokens ends a text: those of generation_config.json, of config.json and of the tokenizer.</summary>
    public IReadOnlyList<int> EndTokenIds =>
        [.. Generation.EndTokenIds.Concat(Config.EndTokenIds).Concat(Tokenizer.EndId is { } end ? [end] : []).Distinct()];

    /// <summary>What was odd about the folder the model was loaded from without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <inheritdoc cref="Load(IModelSource, Device, BasePrecision, Tokenizer)"/>
    public static CausalModel Load(string folder, Device? device = null, BasePrecision precision = BasePrecision.Fp32)
    {
        using var source = FolderSource.Open(folder);
        return Load(source, device, precision);
    }

    /// <summary>Loads a model, its adapter merged. Each weight becomes F32 as it is read; no second copy is made.</summary>
    /// <param name="source">The model; not owned, and not needed any more afterwards.</param>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    /// <param name="precision">How the layers' matrices are held; anything but F32 only suits a base that stays frozen.</param>
    /// <param name="tokenizer">Its tokenizer, where that has been read already.</param>
    /// <exception cref="KalmException">The tokenizer cannot be read, or a weight cannot.</exception>
    public static CausalModel Load(
        IModelSource source, Device? device = null, BasePrecision precision = BasePrecision.Fp32, Tokenizer? tokenizer = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        // Merging rewrites matrices, so an adapted base is none that stays as it is stored.
        var blocks = precision is BasePrecision.Auto or BasePrecision.Stored && (device ?? CPU).type == TorchSharp.DeviceType.CPU
            ? source as GgufSource : null;
        if (precision is BasePrecision.Stored && blocks is not { IsQuantized: true })
            throw new KalmException(
                $"base_precision: found stored on {source.Given}; expected a quantized GGUF file on the CPU, without an adapter; "
                + "of this model take fp32 or int8, or on a GPU bf16");
        return Load(source, device, tokenizer, (model, weights, name, shape) =>
        {
            if (FrozenForm.Covers(name, shape) && blocks?.BlocksOf(name) is { } type)
                model.Hold(name, shape, type, blocks);
            else
                model.Add(name, Moved(weights, name, model.Device), FrozenForm.Covers(name, shape) ? precision : BasePrecision.Fp32);
        });
    }

    private static CausalModel Load(
        IModelSource source, Device? device, Tokenizer? tokenizer, Action<CausalModel, MergedWeights, string, long[]> read)
    {
        tokenizer ??= source.ReadTokenizer();
        var weights = new MergedWeights(source);
        var model = new CausalModel(source.Config, tokenizer, [], device ?? CPU)
        {
            Warnings = [.. source.Warnings, .. VocabularyWarning(source, tokenizer)],
            Generation = source.Generation,
        };
        try
        {
            foreach (var (name, shape) in source.Config.TensorShapes())
                read(model, weights, name, shape);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Loads a model for reading and writing texts, not for training: on a CPU every matrix in the form in which it is stored, as
    /// far as <see cref="StoredMatrix"/> reads it, the embedding and the head, too. What a LoRA adapter adds to such a matrix stays beside
    /// it; what an adapter changes otherwise is merged, in F32.</summary>
    /// <param name="source">The model; not owned, and not needed any more afterwards.</param>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    /// <param name="tokenizer">Its tokenizer, where that has been read already.</param>
    /// <exception cref="KalmException">The tokenizer cannot be read, or a weight cannot.</exception>
    public static CausalModel LoadForReading(IModelSource source, Device? device = null, Tokenizer? tokenizer = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        if ((device ?? CPU).type != TorchSharp.DeviceType.CPU)
            return Load(source, device, tokenizer: tokenizer);
        return Load(source, device, tokenizer, (model, weights, name, shape) =>
        {
            var change = source.Adapter?.Changes.GetValueOrDefault(name);
            if ((change is null || LowRank.IsAddition(change, name, source))
                && StoredMatrix.TryRead(source, name, shape) is var (values, type))
            {
                model.weights.Add(name, values);
                model.weights.Add(TensorNames.ScalesOf(name), tensor((int)type).DetachFromDisposeScope());
                if (change is not null)
                    foreach (var which in "AB")
                        model.weights.Add(TensorNames.AddedTo(name, which), LowRank.ReadAddition(source.Adapter!, change.Product!, which));
            }
            else
                model.weights.Add(name, Moved(weights, name, model.Device));
        });
    }

    // What was read is a second handle on the same numbers, which would keep them until it is collected.
    private static Tensor Moved(MergedWeights weights, string name, Device device)
    {
        using var read = weights.Read(name);
        return read.to(device);
    }

    /// <summary>Tells of a tokenizer that is larger than the embedding. As with the transformers library such a model works until one of
    /// the tokens beyond is met.</summary>
    public static IReadOnlyList<string> VocabularyWarning(IModelSource source, Tokenizer tokenizer) =>
        tokenizer.VocabularySize <= source.Config.VocabularySize ? []
        : [$"{source.Given}: the tokenizer has {tokenizer.VocabularySize} tokens, the embedding {source.Config.VocabularySize} rows: "
            + "texts with the tokens beyond are refused"];

    /// <summary>Writes a Hugging Face folder: config.json, model.safetensors (F32), tokenizer files.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="weight">Gives a weight by its checkpoint name; the result is disposed.</param>
    public static void Save(string folder, ModelConfig config, Tokenizer tokenizer, Func<string, Tensor> weight)
    {
        (config with { TorchType = TensorType.F32 }).Save(folder);
        tokenizer.Save(folder);
        SaveWeights(folder, config, weight);
    }

    /// <summary>Writes model.safetensors (F32) alone, under the architecture's own names.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="weight">Gives a weight by its canonical name; the result is disposed.</param>
    public static void SaveWeights(string folder, ModelConfig config, Func<string, Tensor> weight)
    {
        var canonical = config.TensorShapes().ToDictionary(tensor => config.CheckpointName(tensor.Name), tensor => tensor.Name);
        SourceTensors.Write(
            Path.Combine(folder, SafetensorsShards.SingleName),
            config.TensorShapes().Select(tensor => (config.CheckpointName(tensor.Name), tensor.Shape)),
            name => weight(canonical[name]));
    }

    private void Add(string name, Tensor weight, BasePrecision precision)
    {
        if (precision is BasePrecision.Bf16 or BasePrecision.EightBit)
        {
            (weight, var scales) = FrozenForm.Hold(weight, precision);
            if (scales is not null)
                weights.Add(TensorNames.ScalesOf(name), scales);
        }
        weights.Add(name, weight);
    }

    private void Hold(string name, long[] shape, GgufTensorType type, GgufSource source)
    {
        weights.Add(name, StoredMatrix.Read(source, name, shape, type));
        weights.Add(TensorNames.ScalesOf(name), tensor((int)type).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var weight in weights.Values)
            weight.Dispose();
    }
}
