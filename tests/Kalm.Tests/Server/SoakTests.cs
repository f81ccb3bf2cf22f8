using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Kalm.Graph;
using Kalm.Server;
using TorchSharp;

namespace Kalm.Tests.Server;

/// <summary>Long loads over samples/world, shortened by default: KALM_SOAK=1 runs them in full. Alone, because they measure time and
/// memory.</summary>
[CollectionDefinition(nameof(SoakTests), DisableParallelization = true)]
[Collection(nameof(SoakTests))]
public sealed class SoakTests : IAsyncLifetime
{
    private const int Clients = 64;
    private static readonly double Share = double.Parse(
        Environment.GetEnvironmentVariable("KALM_SOAK") ?? "0.02", CultureInfo.InvariantCulture);
    private readonly TemporaryFolder folder = new();
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly KnowledgeGraph graph;
    private readonly KalmServer server;

    public SoakTests()
    {
        var path = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world");
        graph = KnowledgeGraph.Load(path);
        server = new KalmServer(new ServerOptions
        {
            Model = TinyModel.Make(folder, graph), Graph = path, Urls = ["http://127.0.0.1:0"], Threads = 2, Quiet = true,
            // What is kept of chats on purpose would count as left behind.
            Limits = new ServerLimits { PrefixBytes = 0 },
        });
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await server.Start(Cancellation);
        await server.Ready.WaitAsync(Cancellation);
        client.BaseAddress = new Uri(server.Urls[0]);
    }

    [Fact]
    public async Task Many_clients_of_every_kind_leave_nothing_behind()
    {
        var total = (int)(20_000 * Share);
        await Load(200, new Random(7), null);
        var (tensors, memory, statuses) =
            (await LiveTensors(), new ConcurrentBag<(int Number, long Bytes)>(), new ConcurrentDictionary<int, int>());
        var times = new ConcurrentBag<double>();
        await Load(total, new Random(1), (number, status, time) =>
        {
            statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            times.Add(time.TotalMilliseconds);
            if (number % 50 == 0)
                memory.Add((number, Environment.WorkingSet));
        });
        var quarters = Enumerable.Range(0, 4).Select(quarter => memory.Where(item => item.Number * 4 / total == quarter)
            .Select(item => (double)item.Bytes).DefaultIfEmpty().Average()).ToList();
        var sorted = times.Order().ToList();
        TestContext.Current.SendDiagnosticMessage(
            $"{total} requests: {string.Join(", ", statuses.OrderBy(item => item.Key).Select(item => $"{item.Key}: {item.Value}"))}; "
            + $"p50 {sorted[sorted.Count / 2]:F0} ms, p99 {sorted[sorted.Count * 99 / 100]:F0} ms; memory by quarter "
                + $"{string.Join(", ", quarters.Select(bytes => $"{bytes / (1 << 20):F0} MB"))}");
        Assert.DoesNotContain(statuses.Keys, status => status >= 500);
        Assert.True(statuses[200] > total / 2);
        // Never more; fewer when the finalizer meets what an earlier test left.
        Assert.InRange(await LiveTensors(), 0, tensors);
        // A short run is all warming up.
        if (Share >= 1)
            Assert.InRange(quarters[3], 0, quarters[1] * 1.05);
        await IsAlive();
    }

    [Fact]
    public async Task Whatever_a_body_holds_the_answer_is_a_status_below_500()
    {
        var random = new Random(5);
        var fuzz = new BodyFuzz(random);
        var bodies = Enumerable.Range(0, (int)(100_000 * (Share < 1 ? Share / 2 : 1))).Select(_ => fuzz.Next()).ToList();
        var (queue, bad) = (new ConcurrentQueue<(string Path, byte[] Body)>(bodies), new ConcurrentBag<string>());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            while (queue.TryDequeue(out var item))
            {
                using var content = new ByteArrayContent(item.Body);
                content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
                using var response = await client.PostAsync(new Uri(item.Path, UriKind.Relative), content, Cancellation);
                if ((int)response.StatusCode is < 200 or >= 500)
                    bad.Add($"{(int)response.StatusCode} {item.Path} {Encoding.UTF8.GetString(item.Body)}");
            }
        }));
        Assert.Empty(bad);
        await IsAlive();
    }

    [Fact]
    public async Task Clients_that_leave_long_chats_hold_up_nobody()
    {
        const string Body = """{"messages":[{"role":"user","content":"a"}],"max_tokens":1000,"n":8,"temperature":2,"stream":true}""";
        await Task.WhenAll(Enumerable.Range(0, Math.Max(8, (int)(200 * Share))).Select(async _ =>
        {
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            leaving.CancelAfter(TimeSpan.FromSeconds(0.5));
            try
            {
                await Send("/v1/chat/completions", Body, leaving.Token);
            }
            catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
            {
                // As it should be; a short answer may also have come in time.
            }
        }));
        var watch = Stopwatch.StartNew();
        Assert.Equal(
            200, await Send("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"max_tokens":2}""", Cancellation));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public async Task The_lines_of_the_tutorial_are_answered()
    {
        var lines = Regex.Matches(
            Documents.Text("docs/tutorials/a-service-with-review.md"),
            "^curl .*--json '(.+)' localhost:8080(/\\S+)$", RegexOptions.Multiline);
        Assert.Equal(3, lines.Count);
        foreach (Match line in lines)
            Assert.InRange(await Send(line.Groups[2].Value, line.Groups[1].Value, Cancellation), 200, 201);
    }

    private async Task Load(int total, Random random, Action<int, int, TimeSpan>? done)
    {
        var requests = new ConcurrentQueue<(int Number, string Path, string Body, bool Leaves)>(
            Enumerable.Range(0, total).Select(number => Make(number, random)));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (requests.TryDequeue(out var request))
            {
                using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
                if (request.Leaves)
                    leaving.CancelAfter(request.Number % 40);
                var started = Stopwatch.GetTimestamp();
                try
                {
                    var status = await Send(request.Path, request.Body, leaving.Token);
                    done?.Invoke(request.Number, status, Stopwatch.GetElapsedTime(started));
                }
                catch (OperationCanceledException) when (request.Leaves)
                {
                    // It left.
                }
            }
        }));
    }

    // One in ten leaves midway, one in twenty is malformed.
    private (int Number, string Path, string Body, bool Leaves) Make(int number, Random random)
    {
        var entity = graph.Entities[random.Next(graph.Entities.Count)];
        var relation = graph.Relations[random.Next(graph.RelationCount)].Id;
        var (path, body) = random.Next(10) switch
        {
            < 4 => ("/v1/complete", $$"""{"head":"{{entity.Id}}","relation":"{{relation}}","explain":1}"""),
            < 5 => ("/v1/complete", $$"""{"head":"{{entity.Id}}","tail":"{{graph.Entities[random.Next(graph.Entities.Count)].Id}}"}"""),
            < 6 => ($"/v1/entities/{entity.Id}?predict=1", ""),
            < 7 => ($"/v1/entities?search={entity.Id[..2]}", ""),
            < 9 => ("/v1/embeddings", $$"""{"input":["a text of number {{random.Next(1000)}}","another"],"encoding_format":"base64"}"""),
            _ => ("/v1/chat/completions",
                $$"""{"messages":[{"role":"user","content":"What is {{random.Next(1000)}}?"}],"max_tokens":12,"""
                    + $"\"stream\":{(random.Next(2) == 0 ? "true" : "false")}}}"),
        };
        if (body.Length > 0 && random.Next(20) == 0)
            body = body[..random.Next(body.Length)];
        return (number, path, body, random.Next(10) == 0);
    }

    private async Task<int> Send(string path, string body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(body.Length == 0 ? HttpMethod.Get : HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
        return (int)response.StatusCode;
    }

    private async Task IsAlive() =>
        Assert.Equal(200,
            await Send("/v1/complete", $$"""{"head":"{{graph.Entities[0].Id}}","relation":"{{graph.Relations[0].Id}}"}""", Cancellation));

    // On the model's thread nothing is under way but the counting; the process runs nothing else.
    private Task<long> LiveTensors() => server.Host.Served.Call(_ => torch.Tensor.TotalCount, Cancellation);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        client.Dispose();
        folder.Dispose();
    }
}
