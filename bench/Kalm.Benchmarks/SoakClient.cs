using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Kalm.Graph;

namespace Kalm.Benchmarks;

/// <summary>A client that changes entities which are its own alone, asks whichever server, and keeps a ledger of what was
/// acknowledged.</summary>
internal sealed class SoakClient(
    int number, int clients, KnowledgeGraph graph, IReadOnlyList<SoakServer> servers, HttpClient http, SoakCounts counts, Random random)
{
    /// <summary>How many entities of the graph it changes.</summary>
    public const int MostOfGraph = 10;

    private const int MostAdded = 20;
    private readonly Dictionary<string, Entry> ledger = [];
    private int made;

    /// <summary>What is known of an entity: the texts it may have, null for none. Two after a change that nobody acknowledged.</summary>
    private sealed class Entry(string text)
    {
        public HashSet<string?> Texts { get; set; } = [text];

        public bool IsOfGraph { get; init; }

        public Dictionary<string, bool> Facts { get; } = [];

        public bool IsCertain => Texts.Count == 1;

        public bool IsThere => IsCertain && Texts.Single() is not null;
    }

    /// <summary>How many states it knows.</summary>
    public int Known => ledger.Count + ledger.Values.Sum(entry => entry.Facts.Count);

    /// <summary>Works until it is told to end.</summary>
    public async Task Run(CancellationToken end)
    {
        foreach (var entity in graph.Entities.Where((_, index) => index % clients == number).Take(MostOfGraph))
            ledger[entity.Id] = new Entry(entity.Description) { IsOfGraph = true };
        while (!end.IsCancellationRequested)
            await Turn();
    }

    /// <summary>What a server tells otherwise than was acknowledged.</summary>
    public async Task<IReadOnlyList<string>> Check(SoakServer server)
    {
        var lost = new List<string>();
        var facts = new HashSet<string>();
        for (string? next = "0"; next is not null;)
        {
            var page = await http.GetFromJsonAsync<JsonNode>(new Uri(server.Address, $"/v1/facts?limit=100&after={next}"));
            facts.UnionWith(page!["facts"]!.AsArray().Select(fact => $"{fact!["id"]} {fact["verdict"]}"));
            next = (string?)page["next"];
        }
        foreach (var (id, entry) in ledger)
        {
            var (status, text) = (0, (string?)null);
            while (status is not (200 or 404))
                (status, text) = await Read(server, id);
            if (!entry.Texts.Contains(text))
                lost.Add($"{server.Address} {id}: found '{text}'; expected '{string.Join("' or '", entry.Texts)}'");
            if (entry.IsThere)
                lost.AddRange(entry.Facts.Where(fact => !facts.Contains($"{fact.Key} {(fact.Value ? "accepted" : "rejected")}"))
                    .Select(fact => $"{server.Address} fact {fact.Key} of {id}: not there"));
        }
        return lost;
    }

    private async Task Turn()
    {
        var certain = ledger.Where(pair => pair.Value.IsCertain).ToList();
        var there = certain.Where(pair => pair.Value.IsThere).ToList();
        var added = there.Count(pair => !pair.Value.IsOfGraph);
        switch (random.Next(100))
        {
            case < 20 when added < MostAdded:
                var id = $"client {number} entity {made++}";
                ledger[id] = new Entry("") { Texts = [null] };
                await Change(id, $"{id}, made by a client", HttpMethod.Post, text => new { id, text });
                break;
            case < 40 when certain.Count > 0:
                // One that is gone comes back if it is the graph's.
                var (edited, entry) = certain[random.Next(certain.Count)];
                if (entry.IsThere || entry.IsOfGraph)
                    await Change(edited, $"{edited}, edited the {made++}th time", HttpMethod.Put, text => new { text });
                break;
            case < 55 when there.Count > 0:
                await Change(there[random.Next(there.Count)].Key, null, HttpMethod.Delete, _ => null);
                break;
            case < 65 when there.Count > 0:
                await Review(there[random.Next(there.Count)]);
                break;
            case < 85 when certain.Count > 0:
                var (asked, known) = certain[random.Next(certain.Count)];
                var (status, found) = await Read(servers[random.Next(servers.Count)], asked);
                if (status is 200 or 404 && !known.Texts.Contains(found))
                    counts.Add($"stale: '{asked}' was '{found}' instead of '{known.Texts.Single()}'");
                break;
            default:
                await Send(servers[random.Next(servers.Count)], HttpMethod.Post, "/v1/complete", new
                {
                    head = graph.Entities[random.Next(graph.Entities.Count)].Name + ", asked",
                    relation = graph.Relations[random.Next(graph.RelationCount)].Id,
                });
                break;
        }
    }

    private async Task Change(string id, string? after, HttpMethod method, Func<string?, object?> body)
    {
        var entry = ledger[id];
        var (status, _) = await Send(
            servers[random.Next(servers.Count)], method, method == HttpMethod.Post ? "/v1/entities" : PathOf(id), body(after));
        if (status is >= 200 and < 300)
        {
            counts.Acknowledged();
            entry.Texts = [after];
            if (after is null && !entry.IsOfGraph)
                entry.Facts.Clear();
        }
        else if (status is 0 or >= 500)
            entry.Texts.Add(after);
    }

    private async Task Review(KeyValuePair<string, Entry> pair)
    {
        var isAccepted = random.Next(2) == 0;
        var (status, body) = await Send(
            servers[random.Next(servers.Count)], HttpMethod.Post, isAccepted ? "/v1/facts" : "/v1/facts/rejections", new
            {
                head = pair.Key, relation = graph.Relations[random.Next(graph.RelationCount)].Id,
                tail = graph.Entities[random.Next(clients * MostOfGraph, graph.Entities.Count)].Id,
            });
        if (status != 201)
            return;
        counts.Acknowledged();
        pair.Value.Facts[(string)body!["id"]!] = isAccepted;
    }

    private async Task<(int Status, string? Text)> Read(SoakServer server, string id)
    {
        var (status, body) = await Send(server, HttpMethod.Get, PathOf(id) + "?predict=0&limit=0", null);
        return (status, status == 200 ? (string?)body!["text"] : null);
    }

    // 0 for a server that could not be reached, or broke off.
    private async Task<(int Status, JsonNode? Body)> Send(SoakServer server, HttpMethod method, string path, object? body)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(server.Address, path));
            request.Content = body is null ? null : JsonContent.Create(body);
            using var response = await http.SendAsync(request);
            var content = await response.Content.ReadAsStringAsync();
            counts.Answer($"{method} {(int)response.StatusCode}", clock.Elapsed);
            return ((int)response.StatusCode, content.Length == 0 ? null : JsonNode.Parse(content));
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
        {
            counts.Add(error is TaskCanceledException ? "no answer within a minute" : "no connection, or broken off");
            await Task.Delay(50);
            return (0, null);
        }
    }

    private static string PathOf(string id) => $"/v1/entities/{Uri.EscapeDataString(id)}";
}

/// <summary>Counts of all clients together.</summary>
internal sealed class SoakCounts
{
    private readonly ConcurrentDictionary<string, long> byKind = [];
    private readonly ConcurrentBag<double> milliseconds = [];
    private long changes;

    public long Answered => milliseconds.Count;

    public void Add(string kind) => byKind.AddOrUpdate(kind, 1, (_, count) => count + 1);

    public void Answer(string kind, TimeSpan time)
    {
        Add(kind);
        milliseconds.Add(time.TotalMilliseconds);
    }

    public void Acknowledged() => Interlocked.Increment(ref changes);

    /// <summary>How things stand after so many seconds.</summary>
    public SoakFigures Told(double seconds)
    {
        var sorted = milliseconds.Order().ToArray();
        return new SoakFigures(
            sorted.Length, sorted.Length / seconds, sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100], changes,
            new Dictionary<string, long>(byKind));
    }
}
