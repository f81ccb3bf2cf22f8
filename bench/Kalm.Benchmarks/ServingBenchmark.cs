using System.Diagnostics;
using System.Net.Http.Json;
using Kalm.Graph;
using Kalm.Language.Pretraining;
using Kalm.Server;

namespace Kalm.Benchmarks;

/// <summary>How many more completion requests a server answers when many clients ask at once than when one asks after the other. Client and
/// server share the process and its cores.</summary>
internal static class ServingBenchmark
{
    public static IReadOnlyList<string> Options { get; } =
        ["--graph", "--model", "--preset", "--clients", "--requests", "--rounds", "--threads", "--seed", "--explain", "--json"];

    public static async Task Run(Arguments arguments)
    {
        var (clients, requests, rounds) = (arguments.Whole("--clients", 32),
            arguments.Whole("--requests", 1600), arguments.Whole("--rounds", 5));
        var (threads, seed) = (arguments.Whole("--threads", Environment.ProcessorCount), arguments.Whole("--seed", 1));
        var path = arguments.Text("--graph");
        var graph = KnowledgeGraph.Load(path);
        var explanations = arguments.Find("--explain") is { } text && int.TryParse(text, out var number) ? number : 3;
        Engine.NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        var preset = ModelPreset.Find(arguments.Find("--preset") ?? "tiny");
        using var folder = new MadeFolder(arguments.Find("--model"), graph, preset, seed);
        await using var server = new KalmServer(new ServerOptions
        {
            Model = folder.Path, Graph = path, IndexFolder = folder.Index, Urls = ["http://127.0.0.1:0"], Threads = threads, Quiet = true,
        });
        await server.Start(CancellationToken.None);
        await server.Ready;
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls[0]) };

        var random = new Random(seed);
        var bodies = Enumerable.Range(0, requests).Select(_ => new
        {
            head = graph.Entities[random.Next(graph.Entities.Count)].Id,
            relation = graph.Relations[random.Next(graph.RelationCount)].Id,
            explain = explanations,
        }).ToArray();
        // One after the other takes longer, so it gets a share of the requests.
        var alone = bodies[..Math.Max(1, requests / 8)];
        await Ask(client, bodies, clients);
        await Ask(client, alone, 1);
        var (together, single) = (new List<double>(), new List<double>());
        var (togetherWork, singleWork) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            together.Add(requests / await Ask(client, bodies, clients));
            var middle = Environment.CpuUsage.TotalTime;
            single.Add(alone.Length / await Ask(client, alone, 1));
            togetherWork.Add((middle - start).TotalMilliseconds / requests);
            singleWork.Add((Environment.CpuUsage.TotalTime - middle).TotalMilliseconds / alone.Length);
            machine = machine.MeasureAgain();
            Console.Error.WriteLine(
                $"round {round + 1} of {rounds}: {together[^1]:N0} and {single[^1]:N0} requests/s, {togetherWork[^1]:F2} and "
                    + $"{singleWork[^1]:F2} ms of processor time each");
        }
        var result = new ServingResult(
            together.Ratio(single), together.Median(), single.Median(), togetherWork.Median(), singleWork.Median(),
            together, single, clients, requests, graph.Entities.Count, explanations, rounds, seed,
            arguments.Find("--model") ?? preset.Name, machine);
        Console.WriteLine(
            $"{requests} completions over {result.Entities:N0} entities, {explanations} explanations for each answer; model "
                + $"{result.Model}; {machine}\n"
            + $"{clients} clients at once: {result.TogetherPerSecond:N0} requests/s, {result.TogetherMilliseconds:F2} ms of "
                + "processor time each\n"
            + $"one after the other: {result.AlonePerSecond:N0} requests/s, {result.AloneMilliseconds:F2} ms\nratio {result.Ratio:N1} "
                + $"(median of {rounds} rounds)");
        if (arguments.Find("--json") is { } file)
            Json.Write(file, result);
    }

    private static async Task<double> Ask<T>(HttpClient client, T[] bodies, int clients)
    {
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            for (int index; (index = Interlocked.Increment(ref next)) < bodies.Length;)
            {
                using var response = await client.PostAsJsonAsync(new Uri("/v1/complete", UriKind.Relative), bodies[index]);
                response.EnsureSuccessStatusCode();
                await response.Content.ReadAsByteArrayAsync();
            }
        }));
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>A folder for the index, and for a model where none is given; gone afterwards.</summary>
    private sealed class MadeFolder : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kalm-benchmark-");

        public MadeFolder(string? given, KnowledgeGraph graph, ModelPreset preset, long seed)
        {
            Path = given ?? System.IO.Path.Combine(folder.FullName, "model");
            if (given is null)
                Pretrainer.Run(graph.Entities.Select(Representation.Wording.Answer), Path,
                    new PretrainingOptions { Preset = preset, Steps = 1, BatchTokens = 64, Seed = seed });
        }

        public string Path { get; }

        public string Index => System.IO.Path.Combine(folder.FullName, "index");

        public void Dispose() => folder.Delete(recursive: true);
    }
}

/// <summary>What was measured; milliseconds are those of all processors together, a request, client included.</summary>
internal sealed record ServingResult(
    double Ratio, double TogetherPerSecond, double AlonePerSecond, double TogetherMilliseconds, double AloneMilliseconds,
    IReadOnlyList<double> TogetherRounds, IReadOnlyList<double> AloneRounds, int Clients, int Requests,
    int Entities, int Explanations, int Rounds, int Seed, string Model, Machine Machine);
