using System.Diagnostics;
using System.Globalization;
using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Benchmarks;

/// <summary>What it takes to load a model: time and peak memory against the bytes of its weights. Each load has a process of its
/// own.</summary>
internal static class LoadBenchmark
{
    // The widths of a published model of 1.2 billion parameters (Llama 3.2 1B).
    private static readonly ModelPreset Billion = new("1b", 2048, 16, 32, 8192, 128_256, 2048);

    public static IReadOnlyList<string> Options { get; } = ["--model", "--folder", "--rounds", "--json", "--once"];

    public static void Run(Arguments arguments)
    {
        if (arguments.Find("--once") is { } path)
        {
            OwnProcess.Tell(() => Once(path));
            return;
        }
        if (arguments.Find("--model") is { } given)
        {
            Report([given], arguments);
            return;
        }
        var folder = Directory.CreateDirectory(arguments.Find("--folder") ?? Path.Combine(Path.GetTempPath(), "kalm-benchmark-load"));
        try
        {
            Report([Make(folder.FullName, TensorType.F32), Make(folder.FullName, TensorType.BF16)], arguments);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Report(IReadOnlyList<string> models, Arguments arguments)
    {
        var loads = models.Select(_ => new List<OwnProcess>()).ToList();
        for (var round = 0; round < arguments.Whole("--rounds", 3); round++)
            for (var model = 0; model < models.Count; model++)
                loads[model].Add(OwnProcess.Measure("load", models[model]));
        var results = models.Zip(loads, (model, taken) => new LoadResult(
            Path.GetFileName(model), Mebibytes(model), taken.Select(load => load.Seconds)
                .ToList().Median(), taken.Max(load => load.PeakMebibytes))).ToList();
        Console.WriteLine($"{"model",-36}{"file, MiB",12}{"load, s",10}{"peak, MiB",12}{"peak / file",13}");
        foreach (var result in results)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Model,-36}{result.FileMebibytes,12:N0}{result.Seconds,10:N2}{result.PeakMebibytes,12:N0}"
                + $"{result.PeakMebibytes / result.FileMebibytes,13:N2}"));
        if (arguments.Find("--json") is { } file)
            Json.Write(file, results);
    }

    // As align loads a frozen base, and one text through it, so that nothing mapped lazily goes uncounted.
    private static double Once(string path)
    {
        NativeEngine.Initialize();
        var clock = Stopwatch.StartNew();
        using var source = ModelSources.Open(path);
        using var model = CausalModel.Load(source, null, BasePrecision.Auto);
        var seconds = clock.Elapsed.TotalSeconds;
        using var pool = new DecoderPool(model, null, null, Environment.ProcessorCount);
        using var states = pool.Read([TokenRow.Sequence([.. Enumerable.Range(1, 64)], [63])]);
        return seconds;
    }

    private static string Make(string folder, TensorType type)
    {
        var path = Path.Combine(folder, $"random-{Billion.Name}-{type}");
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
        var config = Billion.ToConfig(Billion.Vocabulary, 0) with { KeyValueHeadCount = 8, TorchType = type };
        config.Save(path);
        Write(Path.Combine(path, SafetensorsShards.SingleName), config, type);
        return path;
    }

    private static void Write(string path, Kalm.Language.Sources.Config.ModelConfig config, TensorType type)
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

    private static double Mebibytes(string model) => (File.Exists(model) ? new FileInfo(model).Length
        : Directory.EnumerateFiles(model, "*.safetensors").Sum(file => new FileInfo(file).Length)) / 1048576.0;
}

/// <summary>What the load benchmark writes for a model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="FileMebibytes">The bytes of its weights on the disk.</param>
/// <param name="Seconds">Opening and loading, the median of the rounds.</param>
/// <param name="PeakMebibytes">The process's highest resident size, one text of 64 tokens included; the highest of the rounds.</param>
internal sealed record LoadResult(string Model, double FileMebibytes, double Seconds, double PeakMebibytes);
