using Kalm.Files;

namespace Kalm.Language.Checkpoints;

/// <summary>A Hugging Face model folder open for reading: its config, and its weights checked against it. Nothing of the weights has
/// been read or allocated when <see cref="Open"/> returns.</summary>
public sealed class CheckpointFolder : IDisposable
{
    /// <summary>The file that holds the weights.</summary>
    public const string WeightsName = "model.safetensors";

    private const string OutputLayer = "lm_head.weight";
    private const int NamesInWarning = 5;

    private CheckpointFolder(ModelConfig config, SafetensorsFile weights)
    {
        Config = config;
        Weights = weights;
    }

    /// <summary>What <c>config.json</c> says.</summary>
    public ModelConfig Config { get; }

    /// <summary>The weights; it holds every tensor of <see cref="ModelConfig.TensorShapes"/> in that shape.</summary>
    public SafetensorsFile Weights { get; }

    /// <summary>What is odd about the folder without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Opens the model folder <paramref name="folder"/>.</summary>
    /// <exception cref="KalmException">A file is missing or not sound, the model is not supported, or a tensor is missing or has another
    /// shape than the config asks for; the message names the first such tensor.</exception>
    public static CheckpointFolder Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw new KalmException($"{folder}: no such folder; expected a Hugging Face model folder");
        var config = ModelConfig.Load(folder);
        var weights = SafetensorsFile.Open(FindWeights(folder));
        try
        {
            return new CheckpointFolder(config, weights) { Warnings = Check(config, weights) };
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private static string FindWeights(string folder)
    {
        var path = Path.Combine(folder, WeightsName);
        if (File.Exists(path))
            return path;
        if (File.Exists(path + ".index.json"))
            throw new KalmException($"{path}.index.json: sharded checkpoints are not supported yet; expected {WeightsName}");
        var pickled = File.Exists(Path.Combine(folder, "pytorch_model.bin"));
        throw new KalmException($"{path}: no such file" + (pickled ? "; pytorch_model.bin is not read, convert it to safetensors" : ""));
    }

    private static List<string> Check(ModelConfig config, SafetensorsFile weights)
    {
        var expectedNames = new HashSet<string>();
        foreach (var (name, shape) in config.TensorShapes())
        {
            var expected = TensorEntry.Describe(shape);
            if (!weights.Tensors.TryGetValue(name, out var entry))
                throw SafetensorsLayout.Fault(weights.Path, name, $"missing; {ModelConfig.FileName} asks for it with the shape {expected}");
            if (!entry.Shape.SequenceEqual(shape))
                throw SafetensorsLayout.Fault(weights.Path, name,
                    $"found the shape {TensorEntry.Describe(entry.Shape)}, expected {expected} by {ModelConfig.FileName}");
            if (!entry.Type.IsFloatingPoint())
                throw SafetensorsLayout.Fault(weights.Path, name,
                    $"found the type {entry.Type.SafetensorsName()}, expected F32, F16 or BF16");
            expectedNames.Add(name);
        }
        return UnusedWarning(weights, expectedNames);
    }

    private static List<string> UnusedWarning(SafetensorsFile weights, HashSet<string> expected)
    {
        var unused = weights.Tensors.Keys.Where(name => !expected.Contains(name) && !IsHarmless(name))
            .Order(StringComparer.Ordinal).ToList();
        if (unused.Count == 0)
            return [];
        var names = string.Join(", ", unused.Take(NamesInWarning).Select(FileFault.Quote));
        return [$"{weights.Path}: {unused.Count} tensors are not part of the model and are ignored: {names}"
            + (unused.Count > NamesInWarning ? ", ..." : "")];
    }

    // A tied model's output layer is its embedding, stored twice; the rotary frequencies are computed from the config.
    private static bool IsHarmless(string name) => name == OutputLayer || name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);
}
