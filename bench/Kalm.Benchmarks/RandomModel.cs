using Kalm.Language.Pretraining;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Benchmarks;

/// <summary>Models of published widths with random weights.</summary>
internal static class RandomModel
{
    // Llama 3.2 1B and Llama 2 7B.
    private static readonly Dictionary<string, (ModelPreset Preset, int KeyValueHeads)> Shapes = new()
    {
        ["1b"] = (new ModelPreset("1b", 2048, 16, 32, 8192, 128_256, 2048), 8),
        ["7b"] = (new ModelPreset("7b", 4096, 32, 32, 11_008, 32_000, 4096), 32),
    };

    /// <summary>Writes a Hugging Face folder; one that is there is taken as it is.</summary>
    /// <param name="folder">Where the model's own folder goes.</param>
    /// <param name="shape">1b or 7b.</param>
    /// <param name="type">How the weights are stored.</param>
    /// <returns>The model's folder.</returns>
    public static string Make(string folder, string shape, TensorType type)
    {
        var (preset, keyHeads) = Shapes.GetValueOrDefault(shape) is { Preset: not null } found ? found
            : throw new KalmException($"--shape: found {shape}; expected {string.Join(" or ", Shapes.Keys)}");
        var path = Path.Combine(folder, $"random-{preset.Name}-{type}");
        if (Directory.Exists(path))
            return path;
        // A tokenizer far smaller than the embedding is nothing odd: many published models have one that is smaller.
        var texts = Enumerable.Range(0, 500).Select(index => $"text {index} of {index % 7} words").ToList();
        var tokenizer = Path.Combine(folder, "tokenizer");
        if (!Directory.Exists(tokenizer))
            Pretrainer.Run(texts, tokenizer, new PretrainingOptions { Preset = ModelPreset.Find("tiny"), Steps = 1, BatchTokens = 64 });
        Directory.CreateDirectory(path);
        foreach (var file in Directory.EnumerateFiles(tokenizer)
            .Where(file => Path.GetFileName(file).Contains("token", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(path, Path.GetFileName(file)));
        var config = preset.ToConfig(preset.Vocabulary, 0) with { KeyValueHeadCount = keyHeads, TorchType = type };
        config.Save(path);
        Write(Path.Combine(path, SafetensorsShards.SingleName), config, type);
        return path;
    }

    private static void Write(string path, ModelConfig config, TensorType type)
    {
        var random = new Random(1);
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in config.TensorShapes())
            writer.Declare(config.CheckpointName(name), type, shape);
        var part = new float[1 << 16];
        writer.Write(path, (entry, stream) =>
        {
            for (var at = 0L; at < entry.ElementCount; at += part.Length)
            {
                var values = part.AsSpan(0, (int)Math.Min(part.Length, entry.ElementCount - at));
                for (var index = 0; index < values.Length; index++)
                    values[index] = (random.NextSingle() - 0.5f) * 0.04f;
                SafetensorsWriter.WriteSingles(entry, stream, values);
            }
        });
    }
}
