using System.Diagnostics;
using System.Globalization;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Benchmarks;

/// <summary>What it takes to load a model: time and peak memory against the bytes of its weights. Each load has a process of its
/// own.</summary>
internal static class LoadBenchmark
{
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
            Report(
                [.. new[] { TensorType.F32, TensorType.BF16 }.Select(type => RandomModel.Make(folder.FullName, "1b", type))], arguments);
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
            Path.GetFileName(model), Mebibytes(model), taken.Select(load => load.Figure)
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

    private static double Mebibytes(string model) => (File.Exists(model) ? new FileInfo(model).Length
        : Directory.EnumerateFiles(model, "*.safetensors").Sum(file => new FileInfo(file).Length)) / 1048576.0;
}

/// <summary>What the load benchmark writes for a model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="FileMebibytes">The bytes of its weights on the disk.</param>
/// <param name="Seconds">Opening and loading, the median of the rounds.</param>
/// <param name="PeakMebibytes">The process's highest resident size, one text of 64 tokens included; the highest of the rounds.</param>
internal sealed record LoadResult(string Model, double FileMebibytes, double Seconds, double PeakMebibytes);
