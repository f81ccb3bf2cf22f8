using System.Security.Cryptography;
using Kalm.Files;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources;

/// <summary>A Hugging Face model folder open for reading: its config, and its weights checked against it. Nothing of the weights has
/// been read or allocated when <see cref="Open"/> returns.</summary>
public sealed class CheckpointFolder : IDisposable
{
    /// <summary>The file that holds the weights when they are not in shards.</summary>
    public const string WeightsName = SafetensorsShards.SingleName;

    private const string OutputLayer = "lm_head.weight";
    private const string Embedding = "model.embed_tokens.weight";
    private const int NamesInWarning = 5;
    private const int HashChunk = 1 << 20;

    private readonly NamePrefix prefix;

    private CheckpointFolder(ModelConfig config, SafetensorsShards weights, NamePrefix prefix)
    {
        Config = config;
        Weights = weights;
        this.prefix = prefix;
    }

    /// <summary>What <c>config.json</c> says.</summary>
    public ModelConfig Config { get; }

    /// <summary>The weights; it holds every tensor of <see cref="ModelConfig.TensorShapes"/> in that shape.</summary>
    public SafetensorsShards Weights { get; }

    /// <summary>What is odd about the folder without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Opens the model folder <paramref name="folder"/>.</summary>
    /// <exception cref="KalmException">A file is missing or not sound, the model is not supported, or a tensor is missing or has another
    /// shape than the config asks for; the message names the first such tensor.</exception>
    public static CheckpointFolder Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw new KalmException($"{folder}: no such folder; expected a Hugging Face model folder");
        if (!File.Exists(Path.Combine(folder, ModelConfig.FileName)))
            throw new KalmException($"{Path.Combine(folder, ModelConfig.FileName)}: no such file{ForeignWeights.Found(folder)}\nexpected a Hugging Face model folder");
        var config = ModelConfig.Load(folder);
        var weights = SafetensorsShards.Open(folder);
        try
        {
            var prefix = config.NamePrefixes.FirstOrDefault(prefix => weights.TryFind(config.CheckpointName(Embedding, prefix)) is not null)
                ?? config.NamePrefixes[0];
            var opened = new CheckpointFolder(config, weights, prefix);
            opened.Warnings = [.. BothWarning(folder), .. opened.Check()];
            return opened;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>What this folder calls a tensor that has a canonical name.</summary>
    public string NameOf(string canonical) => Config.CheckpointName(canonical, prefix);

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    /// <summary>SHA-256 over the weights of a folder, in hexadecimal: the model's identity. Of shards it takes the bytes one after the
    /// other, in the order of their names.</summary>
    /// <exception cref="KalmException">There are no weights, or they cannot be read.</exception>
    public static string HashWeights(string folder)
    {
        using var weights = SafetensorsShards.Open(folder);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[HashChunk];
        foreach (var file in weights.Files)
        {
            try
            {
                using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
                while (stream.Read(buffer) is > 0 and var count)
                    hash.AppendData(buffer.AsSpan(0, count));
            }
            catch (Exception error) when (FileFault.Is(error))
            {
                throw FileFault.At(file.Path, "read", error);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string[] BothWarning(string folder) => SafetensorsShards.HasBoth(folder)
        ? [$"{Path.Combine(folder, SafetensorsIndex.FileName)}: ignored, because {WeightsName} is there too"]
        : [];

    private List<string> Check()
    {
        var expectedNames = new HashSet<string>();
        foreach (var (canonical, shape) in Config.TensorShapes())
        {
            var name = NameOf(canonical);
            var expected = TensorEntry.Describe(shape);
            if (Weights.TryFind(name) is not { } entry)
                throw SafetensorsLayout.Fault(Weights.Path, name, $"missing; {ModelConfig.FileName} asks for it with the shape {expected}");
            var path = Weights.FileOf(name).Path;
            if (!entry.Shape.SequenceEqual(shape))
                throw SafetensorsLayout.Fault(path, name,
                    $"found the shape {TensorEntry.Describe(entry.Shape)}, expected {expected} by {ModelConfig.FileName}");
            if (!entry.Type.IsFloatingPoint())
                throw SafetensorsLayout.Fault(path, name,
                    $"found the type {entry.Type.SafetensorsName()}, expected F64, F32, F16 or BF16");
            expectedNames.Add(name);
        }
        return UnusedWarning(expectedNames);
    }

    private List<string> UnusedWarning(HashSet<string> expected)
    {
        var unused = Weights.Tensors.Where(entry => !expected.Contains(entry.Name) && !IsHarmless(entry))
            .Select(entry => entry.Name).Order(StringComparer.Ordinal).ToList();
        if (unused.Count == 0)
            return [];
        var names = string.Join(", ", unused.Take(NamesInWarning).Select(FileFault.Quote));
        return [$"{Weights.Path}: {unused.Count} {(unused.Count == 1 ? "tensor is" : "tensors are")} not part of the model and ignored: {names}"
            + (unused.Count > NamesInWarning ? ", ..." : "")];
    }

    // A tied model's output layer is its embedding, stored twice (CausalModel.Load compares them); rotary frequencies and causal masks are
    // computed from the config.
    private bool IsHarmless(TensorEntry entry) =>
        (entry.Name == NameOf(OutputLayer) && entry.Shape.SequenceEqual([Config.VocabularySize, Config.HiddenSize]))
        || entry.Name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)
        || entry.Name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || entry.Name.EndsWith(".attention.masked_bias", StringComparison.Ordinal);
}
