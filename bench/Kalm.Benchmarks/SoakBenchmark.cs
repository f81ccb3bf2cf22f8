using System.Diagnostics;
using Kalm.Graph;

namespace Kalm.Benchmarks;

/// <summary>Two servers over one index folder, many clients that add, edit, delete and ask, and servers that are killed meanwhile: is
/// anything lost that was acknowledged, is anything told that was changed before, does memory grow.</summary>
internal static class SoakBenchmark
{
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Down = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--graph", "--minutes", "--clients", "--kills", "--threads", "--seed", "--kalm", "--json"];

    public static async Task Run(Arguments arguments)
    {
        var (clients, kills, seed) = (arguments.Whole("--clients", 32), arguments.Whole("--kills", 3), arguments.Whole("--seed", 1));
        var duration = TimeSpan.FromMinutes(arguments.Number("--minutes", 3));
        var program = arguments.Find("--kalm")
            ?? Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Kalm.Cli", "release", "Kalm.Cli.dll"));
        var folder = Directory.CreateTempSubdirectory("kalm-soak-");
        var servers = Enumerable.Range(0, 2).Select(_ => new SoakServer(
            program, arguments.Text("--model"), arguments.Text("--graph"), folder.FullName, arguments.Whole("--threads", 1))).ToList();
        try
        {
            // One after the other, so that the index is made once.
            foreach (var server in servers)
                await server.Start();
            var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
            if (graph.Entities.Count <= clients * SoakClient.MostOfGraph)
                throw new KalmException($"--clients: found {clients}, who change {SoakClient.MostOfGraph} entities of the graph each; "
                    + $"expected fewer for {graph.Entities.Count} entities");
            var counts = new SoakCounts();
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            var all = Enumerable.Range(0, clients).Select(number => new SoakClient(
                number, clients, graph, servers, http, counts, new Random(seed * 1000 + number))).ToList();
            using var end = new CancellationTokenSource(duration);
            var clock = Stopwatch.StartNew();
            var memory = Watch(servers, counts, clock, end.Token);
            var killing = Kill(servers, kills, duration, clock, end.Token);
            await Task.WhenAll(all.Select(client => client.Run(end.Token)));
            var seconds = clock.Elapsed.TotalSeconds;
            await killing;
            var samples = await memory;
            var (figures, lost) = (counts.Told(seconds), new List<string>());
            foreach (var server in servers)
                lost.AddRange(await Check(all, server));
            // What is on the disk alone.
            foreach (var server in servers)
                server.Kill();
            foreach (var server in servers)
            {
                await server.Start();
                lost.AddRange(await Check(all, server));
            }
            var result = new SoakResult(
                figures, all.Sum(client => client.Known), kills, lost, samples, clients, duration.TotalMinutes, seed);
            Console.WriteLine(result);
            if (arguments.Find("--json") is { } file)
                Json.Write(file, result);
            if (lost.Count > 0)
                throw new KalmException($"{lost.Count} acknowledged states were lost; expected none");
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
            folder.Delete(recursive: true);
        }
    }

    private static async Task Kill(
        List<SoakServer> servers, int kills, TimeSpan duration, Stopwatch clock, CancellationToken end)
    {
        for (var kill = 0; kill < kills; kill++)
        {
            var wait = duration * (kill + 1) / (kills + 1) - clock.Elapsed;
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, CancellationToken.None);
            var server = servers[kill % servers.Count];
            Console.Error.WriteLine($"{clock.Elapsed.TotalSeconds,5:F0} s: kill -9 of server {kill % servers.Count + 1}");
            server.Kill();
            await Task.Delay(Down, CancellationToken.None);
            await server.Start();
            if (!end.IsCancellationRequested)
                Console.Error.WriteLine($"{clock.Elapsed.TotalSeconds,5:F0} s: server {kill % servers.Count + 1} answers again");
        }
    }

    private static async Task<IReadOnlyList<SoakSample>> Watch(
        List<SoakServer> servers, SoakCounts counts, Stopwatch clock, CancellationToken end)
    {
        var samples = new List<SoakSample>();
        while (!end.IsCancellationRequested)
        {
            samples.Add(new SoakSample(
                clock.Elapsed.TotalSeconds, counts.Answered, [.. servers.Select(server => server.ResidentMebibytes())]));
            var last = samples[^1];
            Console.Error.WriteLine($"{last.Seconds,5:F0} s: {last.Answered:N0} answered; {last.Memory()}");
            await Task.WhenAny(Task.Delay(Watched, end));
        }
        return samples;
    }

    private static async Task<IReadOnlyList<string>> Check(List<SoakClient> clients, SoakServer server) =>
        [.. (await Task.WhenAll(clients.Select(client => client.Check(server)))).SelectMany(lost => lost)];
}

/// <summary>How things stood at a moment.</summary>
internal sealed record SoakSample(double Seconds, long Answered, IReadOnlyList<double?> ResidentMebibytes)
{
    public string Memory() => string.Join(" and ", ResidentMebibytes.Select(size => size is { } number ? $"{number:N0} MiB" : "down"));
}

/// <summary>Requests that were answered, of which kinds, and the milliseconds they took.</summary>
internal sealed record SoakFigures(
    long Answered, double PerSecond, double Median, double Percentile99, long Changes, IReadOnlyDictionary<string, long> ByKind);

/// <summary>What came of it.</summary>
internal sealed record SoakResult(
    SoakFigures Figures, int Checked, int Kills, IReadOnlyList<string> Lost, IReadOnlyList<SoakSample> Samples,
    int Clients, double Minutes, int Seed)
{
    public override string ToString() =>
        $"{Figures.Answered:N0} requests of {Clients} clients in {Minutes} minutes, {Figures.PerSecond:N0} a second; median "
        + $"{Figures.Median:N0} ms, p99 {Figures.Percentile99:N0} ms; {Figures.Changes:N0} changes acknowledged; {Kills} times kill -9\n"
        + string.Join('\n', Figures.ByKind.OrderBy(pair => pair.Key).Select(pair => $"  {pair.Key}: {pair.Value:N0}"))
        + $"\nmemory of both servers: {string.Join(", ", Samples.Where((_, index) => index % Math.Max(1, Samples.Count / 9) == 0)
            .Select(sample => $"{sample.Memory()} at {sample.Seconds:N0} s"))}"
        + $"\n{Checked:N0} acknowledged states on each server, before and after both were killed: {Lost.Count} lost"
        + string.Concat(Lost.Take(20).Select(line => $"\n  {line}"));
}
