using System.Runtime.InteropServices;
using Kalm.Engine;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>A causal language model in memory: architecture, tokenizer and weights. Owns the weights.</summary>
public sealed class CausalModel : IDisposable
{
    /// <summary>Elements read or written at a time: a span of a tensor's bytes must stay below 2 GiB.</summary>
    private const int Chunk = 1 << 24;

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

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The weights by their canonical names, F32; of a base loaded in fewer bytes the layers' matrices in their held form, with
    /// <see cref="TensorNames.ScalesOf"/> beside them. Owned by the model.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => weights;

    /// <summary>Where the weights live.</summary>
    public Device Device { get; }

    /// <summary>The number of parameters, with and without the token embedding and a separate head.</summary>
    public (long All, long Body) ParameterCount => CountParameters(Config);

    /// <summary>The number of parameters of an architecture, with and without the token embedding and a separate head.</summary>
    public static (long All, long Body) CountParameters(ModelConfig config)
    {
        var counts = config.TensorShapes().Select(tensor => (tensor.Name, Count: tensor.Shape.Aggregate(1L, (product, size) => product * size))).ToList();
        return (counts.Sum(tensor => tensor.Count), counts.Where(tensor => tensor.Name is not (TensorNames.Embedding or TensorNames.Head)).Sum(tensor => tensor.Count));
    }

    /// <summary>What was odd about the folder the model was loaded from without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Loads a Hugging Face folder: config.json, the weights in one file or in shards, the tokenizer. Each weight becomes F32 as it
    /// is read; no second copy is made.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    /// <param name="precision">How the layers' matrices are held; anything but F32 only suits a base that stays frozen.</param>
    /// <exception cref="KalmException">A file is missing or damaged, a tensor is missing or has another shape than config.json says,
    /// or the tokenizer knows more tokens than the model.</exception>
    public static CausalModel Load(string folder, Device? device = null, BasePrecision precision = BasePrecision.Fp32)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var tokenizer = Tokenizer.Load(folder);
        if (tokenizer.VocabularySize > checkpoint.Config.VocabularySize)
            throw new KalmException(
                $"{folder}: the tokenizer has {tokenizer.VocabularySize} tokens; expected at most vocab_size of config.json, {checkpoint.Config.VocabularySize}");
        NativeEngine.Initialize();
        var model = new CausalModel(checkpoint.Config, tokenizer, [], device ?? CPU)
        {
            Warnings = [.. checkpoint.Warnings, .. HeadWarning(checkpoint)],
        };
        try
        {
            foreach (var (name, shape) in checkpoint.Config.TensorShapes())
                model.Add(name, ReadTensor(checkpoint.Weights, checkpoint.NameOf(name), model.Device), FrozenWeight.Covers(name, shape) ? precision : BasePrecision.Fp32);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes a Hugging Face folder: config.json, model.safetensors (F32), tokenizer files.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="weight">Gives a weight by its canonical name; the result is disposed.</param>
    public static void Save(string folder, ModelConfig config, Tokenizer tokenizer, Func<string, Tensor> weight)
    {
        (config with { TorchType = TensorType.F32 }).Save(folder);
        tokenizer.Save(folder);
        WriteTensors(
            Path.Combine(folder, CheckpointFolder.WeightsName), config.TensorShapes().Select(tensor => (config.CheckpointName(tensor.Name), tensor.Shape)),
            name => weight(config.CanonicalName(name)));
    }

    private void Add(string name, Tensor weight, BasePrecision precision)
    {
        if (precision != BasePrecision.Fp32)
        {
            (weight, var scales) = FrozenWeight.Hold(weight, precision);
            if (scales is not null)
                weights.Add(TensorNames.ScalesOf(name), scales);
        }
        weights.Add(name, weight);
    }

    /// <summary>Reads one weight as F32 from whichever file holds it.</summary>
    /// <returns>The tensor; the caller owns it.</returns>
    public static Tensor ReadTensor(SafetensorsShards weights, string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return ReadTensor(weights.FileOf(name), name, device);
    }

    /// <summary>Reads one tensor as F32, straight into its memory and of any size.</summary>
    /// <returns>The tensor; the caller owns it.</returns>
    public static Tensor ReadTensor(SafetensorsFile file, string name, Device device)
    {
        var entry = file.Find(name);
        using var scope = NewDisposeScope();
        var values = empty([.. entry.Shape], ScalarType.Float32);
        using (var flat = values.view(entry.ElementCount))
            for (long at = 0; at < entry.ElementCount; at += Chunk)
            {
                using var part = flat.narrow(0, at, Math.Min(Chunk, entry.ElementCount - at));
                file.ReadSingles(entry, at, MemoryMarshal.Cast<byte, float>(part.bytes));
                file.Release(entry, at, part.numel());
            }
        return values.to(device).DetachFromDisposeScope();
    }

    /// <summary>Writes tensors as F32 into one safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and shapes.</param>
    /// <param name="value">Gives a tensor by name; the result is disposed.</param>
    public static void WriteTensors(string path, IEnumerable<(string Name, long[] Shape)> tensors, Func<string, Tensor> value)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in tensors)
            writer.Declare(name, TensorType.F32, shape);
        writer.Write(path, (entry, stream) =>
        {
            using var scope = NewDisposeScope();
            var flat = value(entry.Name).detach().to(ScalarType.Float32).cpu().contiguous().flatten();
            for (long at = 0; at < entry.ElementCount; at += Chunk)
                stream.Write(flat.narrow(0, at, Math.Min(Chunk, entry.ElementCount - at)).bytes);
        });
    }

    // A tied model may store its head as well; the embedding is used, so one that differs is worth a word.
    private static string[] HeadWarning(CheckpointFolder checkpoint)
    {
        if (!checkpoint.Config.TieWordEmbeddings || checkpoint.Weights.TryFind(checkpoint.NameOf(TensorNames.Head)) is not { } head)
            return [];
        var embedding = checkpoint.Weights.Find(checkpoint.NameOf(TensorNames.Embedding));
        var (headFile, embeddingFile) = (checkpoint.Weights.FileOf(head.Name), checkpoint.Weights.FileOf(embedding.Name));
        var isSame = head.Type == embedding.Type && head.ByteCount == embedding.ByteCount;
        for (long at = 0; isSame && at < head.ByteCount; at += Chunk)
        {
            var count = (int)Math.Min(Chunk, head.ByteCount - at);
            isSame = headFile.Bytes(head, at, count).SequenceEqual(embeddingFile.Bytes(embedding, at, count));
        }
        headFile.Release(head, 0, head.ElementCount);
        return isSame ? [] : [$"{headFile.Path}: {TensorNames.Head} differs from the embedding but is ignored, because {ModelConfig.FileName} ties them"];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var weight in weights.Values)
            weight.Dispose();
    }
}
