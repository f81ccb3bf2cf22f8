using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Kalm.Benchmarks;

/// <summary>Chats with one client, eight and thirty-two at the same time: tokens a second of all together, and how long each waits for its
/// first. Servers are processes of their own, asked in turns: this build's, another build's and llama.cpp's.</summary>
internal static class ChatsBenchmark
{
    private const string Guide = "You are a patient guide in a museum of natural history. You answer visitors of every age in plain "
        + "words, you tell what is known and what is not, you never make up a source, and you keep to what was asked. When a visitor is in "
        + "a hurry you are brief; when a visitor wonders about more, you tell a story that can be remembered. You are polite to everyone.";

    private static readonly int[] Clients = [1, 8, 32];
    private static readonly Uri Route = new("/v1/chat/completions", UriKind.Relative);
    private static readonly string[] Subjects =
        ["whales", "the bones of birds", "amber", "how mountains rise", "the first trees", "the dances of bees", "volcanoes", "ice ages"];

    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--graph", "--tokens", "--rounds", "--threads", "--kalm", "--before", "--peer", "--index", "--most", "--json"];

    public static async Task Run(Arguments arguments)
    {
        var (tokens, rounds) = (arguments.Whole("--tokens", 48), arguments.Whole("--rounds", 3));
        var (threads, most) = (arguments.Whole("--threads", Environment.ProcessorCount), arguments.Whole("--most", 32));
        var index = Directory.CreateTempSubdirectory("kalm-benchmark-");
        var ways = new List<(string Name, IChatServer Server)>();
        try
        {
            Engine.NativeEngine.Initialize();
            var machine = Machine.Measure(threads);
            Add("this build", arguments.Find("--kalm")
                ?? Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Kalm.Cli", "release", "Kalm.Cli.dll")));
            if (arguments.Find("--before") is { } before)
                Add("before", before);
            if (arguments.Find("--peer") is { } folder)
                ways.Add(("llama.cpp", new PeerServer(folder, arguments.Text("--model"), threads, most)));
            foreach (var (_, server) in ways)
            {
                await server.Start();
                await Measure(server, 1, 1, 8, 0);
            }
            var clients = Array.FindAll(Clients, count => count <= most);
            var found = new Dictionary<(string Way, int Clients), List<ChatRates>>();
            for (var round = 0; round < rounds; round++)
                foreach (var count in clients)
                    foreach (var (name, server) in ways)
                    {
                        var rates = await Measure(server, count, count == 1 ? 3 : 2, tokens, (round * 1000) + count);
                        if (!found.TryGetValue((name, count), out var own))
                            found.Add((name, count), own = []);
                        own.Add(rates);
                        Console.Error.WriteLine($"round {round + 1} of {rounds}, {name}, {count}: {rates}");
                    }
            Tell(arguments, found, clients, [.. ways.Select(way => way.Name)], $"{arguments.Text("--model")}, {tokens} tokens; {machine}");
        }
        finally
        {
            ways.ForEach(way => way.Server.Dispose());
            index.Delete(recursive: true);
        }

        void Add(string name, string program) => ways.Add((name, new SoakServer(
            program, arguments.Text("--model"), arguments.Text("--graph"), arguments.Find("--index") ?? index.FullName, threads)));
    }

    private static void Tell(
        Arguments arguments, Dictionary<(string Way, int Clients), List<ChatRates>> found, int[] clients, string[] ways, string title)
    {
        Console.WriteLine($"{title}\n{"clients",-10}{"server",-14}{"tokens/s",12}{"first token, s",18}{"the slowest",14}");
        foreach (var count in clients)
            foreach (var way in ways)
            {
                var rates = found[(way, count)];
                Console.WriteLine($"{count,-10}{way,-14}{Of(rates, rate => rate.TokensPerSecond).Median(),12:N1}"
                    + $"{Of(rates, rate => rate.FirstToken).Median(),18:N2}{Of(rates, rate => rate.SlowestFirstToken).Median(),14:N2}");
            }
        foreach (var other in ways[1..])
            Console.WriteLine($"{ways[0]} / {other}, tokens/s: {Ratios(other, rate => rate.TokensPerSecond)}; "
                + $"first token: {Ratios(other, rate => rate.FirstToken)}");
        if (arguments.Find("--json") is { } file)
            Json.Write(file, found.ToDictionary(pair => $"{pair.Key.Way}, {pair.Key.Clients}", pair => pair.Value));

        string Ratios(string other, Func<ChatRates, double> part) => string.Join(", ", clients.Select(count =>
            $"{count}: {Of(found[(ways[0], count)], part).Ratio(Of(found[(other, count)], part)):N2}"));

        static List<double> Of(List<ChatRates> rates, Func<ChatRates, double> part) => rates.ConvertAll(rate => part(rate));
    }

    private static async Task<ChatRates> Measure(IChatServer server, int clients, int chats, int tokens, int seed)
    {
        using var client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(10) };
        var (firsts, written) = (new List<double>(), 0);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async number =>
        {
            for (var chat = 0; chat < chats; chat++)
            {
                var (first, count) = await Chat(client, Question(seed + (number * chats) + chat), tokens);
                lock (firsts)
                {
                    firsts.Add(first);
                    written += count;
                }
            }
        }));
        var seconds = clock.Elapsed.TotalSeconds;
        return new ChatRates(written / seconds, firsts.Median(), firsts.Max());
    }

    // Every question is another one; what they share is the system's message.
    private static string Question(int number) =>
        $"Tell visitor {number} a long story about {Subjects[number % Subjects.Length]}"
        + string.Concat(Enumerable.Repeat(" that goes from the very beginning to this day", number % 5)) + ".";

    private static async Task<(double First, int Tokens)> Chat(HttpClient client, string question, int tokens)
    {
        var body = new JsonObject
        {
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "system", ["content"] = Guide }, new JsonObject { ["role"] = "user", ["content"] = question }),
            ["max_tokens"] = tokens, ["temperature"] = 0, ["stream"] = true, ["grounding"] = false,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
        };
        var clock = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, Route) { Content = JsonContent.Create(body) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        var (first, count) = (0.0, 0);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
                continue;
            var told = JsonNode.Parse(line["data: ".Length..])!;
            if (first == 0 && told["choices"]!.AsArray() is [{ } choice] && (string?)choice["delta"]?["content"] is { Length: > 0 })
                first = clock.Elapsed.TotalSeconds;
            count = (int?)told["usage"]?["completion_tokens"] ?? count;
        }
        return (first, count);
    }
}

/// <summary>What was measured with some clients.</summary>
/// <param name="TokensPerSecond">Of all together, reading included.</param>
/// <param name="FirstToken">Seconds until a chat's first text, the median.</param>
/// <param name="SlowestFirstToken">The most.</param>
internal sealed record ChatRates(double TokensPerSecond, double FirstToken, double SlowestFirstToken);

/// <summary>A server of chats in a process of its own.</summary>
internal interface IChatServer : IDisposable
{
    /// <summary>Where it listens.</summary>
    Uri Address { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    Task Start();
}
