using System.Diagnostics;
using System.Runtime.InteropServices;
using Kalm.Completion;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>What an approximate search among many entities costs and finds beside the exact one, over vectors that lie in
/// clusters.</summary>
internal static class SearchBenchmark
{
    private const int EntitiesOfCluster = 500;
    private const int Wanted = 10;
    private const double Temperature = 0.05;
    private const float Spread = 0.8f;

    public static IReadOnlyList<string> Options { get; } = ["--entities", "--width", "--queries", "--seed", "--threads", "--json"];

    public static void Run(Arguments arguments)
    {
        var (count, width, asked) = (
            arguments.Whole("--entities", 1_000_000), arguments.Whole("--width", 128), arguments.Whole("--queries", 200));
        NativeEngine.Initialize();
        var machine = Machine.Measure(arguments.Whole("--threads", Environment.ProcessorCount));
        var random = new Random(arguments.Whole("--seed", 1));
        var folder = Directory.CreateTempSubdirectory("kalm-benchmark-");
        try
        {
            var path = Path.Combine(folder.FullName, "entities.safetensors");
            var centres = Enumerable.Range(0, Math.Max(1, count / EntitiesOfCluster))
                .Select(_ => Near(new float[width], 1, random)).ToArray();
            Write(path, count, width, () => Near(centres[random.Next(centres.Length)], Spread, random));
            using var vectors = new EntityVectors(path, count, width, CPU);
            using var neighbours = NearestNeighbours.Make(Path.Combine(folder.FullName, "neighbours"), vectors, null, default);
            using var scope = NewDisposeScope();
            var (hits, exactly, nearly, off) = (0, new List<double>(), new List<double>(), new List<double>());
            for (var index = 0; index < asked; index++)
            {
                var query = tensor(Near(centres[random.Next(centres.Length)], Spread, random)).view(1, width);
                SearchRequest[] requests = [new(null, [], Wanted)];
                var clock = Stopwatch.StartNew();
                var exact = EntitySearch.Exactly(vectors, query, requests, Temperature)[0];
                exactly.Add(clock.Elapsed.TotalMilliseconds);
                clock.Restart();
                var near = ApproximateSearch.Run(vectors, neighbours, query, requests, Temperature)[0];
                nearly.Add(clock.Elapsed.TotalMilliseconds);
                hits += exact.Hits.Select(hit => hit.Entity).Intersect(near.Hits.Select(hit => hit.Entity)).Count();
                off.Add(Math.Abs(exact.LogSum - near.LogSum));
            }
            var result = new SearchFigures(
                machine, count, width, asked, neighbours.Recall.Seconds, neighbours.Recall.Bytes, exactly.Median(), nearly.Median(),
                hits / (double)(asked * Wanted), off.Median(), off.Max());
            Console.WriteLine(result);
            if (arguments.Find("--json") is { } json)
                Json.Write(json, result);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static float[] Near(float[] centre, float spread, Random random)
    {
        var scale = spread / MathF.Sqrt(centre.Length);
        var vector = Array.ConvertAll(centre, value => value + (scale * (float)((2 * random.NextDouble()) - 1)));
        var length = MathF.Sqrt(vector.Sum(value => value * value));
        return Array.ConvertAll(vector, value => value / length);
    }

    private static void Write(string path, int count, int width, Func<float[]> next)
    {
        var writer = new SafetensorsWriter();
        writer.Declare(EmbeddingExport.TensorName, TensorType.F32, count, width);
        writer.Write(path, (entry, stream) =>
        {
            for (var index = 0; index < count; index++)
                stream.Write(MemoryMarshal.AsBytes<float>(next()));
        });
    }

    private sealed record SearchFigures(
        Machine Machine, int Entities, int Width, int Queries, double SecondsToMake, long Bytes, double ExactMilliseconds,
        double ApproximateMilliseconds, double Recall, double MedianLogSumError, double LargestLogSumError);
}
