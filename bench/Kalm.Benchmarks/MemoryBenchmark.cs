using System.Globalization;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Benchmarks;

/// <summary>The memory that writing a text and training LoRA are told to take, and the peak they have, each in a process of its
/// own.</summary>
internal static class MemoryBenchmark
{
    private const int PromptTokens = 64;
    private const int NewTokens = 8;
    private const string Start = "memory: about ";
    private static readonly string[] Jobs = ["write", "lora"];

    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--shape", "--folder", "--graph", "--batch", "--steps", "--json", "--once"];

    public static void Run(Arguments arguments)
    {
        if (arguments.Find("--once") is { } job)
        {
            var words = job.Split('|');
            OwnProcess.Tell(() => words[0] == Jobs[0] ? Write(words[1]) : Train(words[1], words[2], Whole(words[3]), Whole(words[4])));
            return;
        }
        var folder = arguments.Find("--folder") ?? Path.Combine(Path.GetTempPath(), "kalm-benchmark-memory");
        var isMade = arguments.Find("--model") is null;
        try
        {
            var model = arguments.Find("--model") ?? RandomModel.Make(
                Directory.CreateDirectory(folder).FullName, arguments.Find("--shape") ?? "1b", TensorType.BF16);
            var results = Jobs.Select(job =>
            {
                var measured = OwnProcess.Measure("memory", string.Join(
                    '|', job, model, arguments.Text("--graph"), arguments.Whole("--batch", 8), arguments.Whole("--steps", 2)));
                return new MemoryResult(job, measured.Figure, measured.PeakMebibytes);
            }).ToList();
            Console.WriteLine($"{model}; {ModelMemory.Available / 1048576.0:N0} MiB of memory");
            Console.WriteLine($"{"",-8}{"told, MiB",12}{"seen, MiB",12}{"seen / told",13}");
            foreach (var result in results)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{result.Job,-8}{result.ToldMebibytes,12:N0}{result.SeenMebibytes,12:N0}"
                    + $"{result.SeenMebibytes / result.ToldMebibytes,13:N2}"));
            if (arguments.Find("--json") is { } file)
                Json.Write(file, results);
        }
        finally
        {
            if (isMade && arguments.Find("--folder") is null && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static int Whole(string number) => int.Parse(number, CultureInfo.InvariantCulture);

    // Both give what was told, in MiB.
    private static double Write(string path)
    {
        NativeEngine.Initialize();
        using var source = ModelSources.Open(path);
        var told = ModelMemory.Program + ModelMemory.Reading(source)
            + ((PromptTokens + NewTokens) * ModelMemory.CachedToken(source.Config));
        using var model = CausalModel.LoadForReading(source);
        using var pool = new DecoderPool(model, null, null, Environment.ProcessorCount);
        new Generator(pool, model.Tokenizer).Continue(
            [[.. Enumerable.Range(1, PromptTokens)]], new GenerationOptions { MaximumNewTokens = NewTokens, IgnoreEnd = true });
        return told / 1048576.0;
    }

    private static double Train(string path, string graph, int batch, int steps)
    {
        var told = 0.0;
        var folder = Directory.CreateTempSubdirectory("kalm-benchmark-");
        try
        {
            // Without a valid split there is nothing to validate, which a wide model takes minutes for.
            var train = Directory.CreateDirectory(Path.Combine(folder.FullName, "graph")).FullName;
            foreach (var file in Directory.EnumerateFiles(graph)
                .Where(file => !Path.GetFileName(file).StartsWith("valid", StringComparison.Ordinal)))
                File.Copy(file, Path.Combine(train, Path.GetFileName(file)));
            AlignmentRun.Execute(
                new AlignmentInputs(path, train, Path.Combine(folder.FullName, "run")),
                new AlignmentOptions
                {
                    Budget = new BudgetOptions { Steps = steps, Validations = 0 }, Batches = new BatchOptions { Triples = batch },
                    Keep = new KeepOptions { Weight = 0, Texts = 2, TextTokens = 8 }, Implicit = new ImplicitOptions { Share = 0 },
                },
                new Told(gigabytes => told = gigabytes * 1e9 / 1048576));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        return told;
    }

    private sealed class Told(Action<double> gigabytes) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value is ProgressNote { Text: var text } && text.StartsWith(Start, StringComparison.Ordinal))
                gigabytes(double.Parse(text[Start.Length..].Split(' ')[0], CultureInfo.InvariantCulture));
        }
    }
}

/// <summary>What the memory benchmark writes for a job.</summary>
/// <param name="Job">Writing a text, or training.</param>
/// <param name="ToldMebibytes">The estimate.</param>
/// <param name="SeenMebibytes">The process's highest resident size.</param>
internal sealed record MemoryResult(string Job, double ToldMebibytes, double SeenMebibytes);
