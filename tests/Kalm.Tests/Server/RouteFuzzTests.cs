using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Server;
using Kalm.Tests.Extensions;

namespace Kalm.Tests.Server;

/// <summary>Whatever is sent to any route, the answer is no failure of the server, every fault has the one shape, and others are answered
/// meanwhile and afterwards.</summary>
[Collection(nameof(RunningServer))]
public sealed class RouteFuzzTests(RunningServer server) : IAsyncLifetime
{
    private const int Seed = 21;
    private const int Mutations = 60;
    private readonly TemporaryFolder folder = new();
    private KalmServer fuzzed = null!;

    private Uri Address => new(fuzzed.Urls[0]);

    // A tiny model has little room for words about tools.
    public async ValueTask InitializeAsync() => fuzzed = await RunningServer.Another(
        server.Options(new ServerLimits { NewTokens = 4, BodyTime = TimeSpan.FromSeconds(3) }) with
        {
            Model = ChatFolder.Make(folder, server.Model, "{% for m in messages %}{{ m.content }};{% endfor %}{# tools, tool_calls #}"),
            Names = ["base"], IndexFolder = folder.File("index"),
        });

    [Fact]
    public async Task Every_route_that_takes_a_body_is_fuzzed_with_one_that_is_answered_well()
    {
        Assert.Equal(
            fuzzed.Routes.Where(route => route.Request is not null).Select(route => $"{route.Method} {route.Path}").Order(),
            RouteFuzz.Bodies.Keys.Order());
        foreach (var (route, body) in RouteFuzz.Bodies.Where(item => item.Key.StartsWith("POST", StringComparison.Ordinal)))
        {
            var (status, answer) = await Send(route, body);
            Assert.True(status is 200 or 201, $"{route}: {status} {answer}");
        }
        await AnswersOn();
    }

    [Fact]
    public async Task Any_value_in_any_place_is_answered_or_refused() =>
        await AllAreAnswered(RouteFuzz.Bodies.SelectMany(item => RouteFuzz.EachValue(item.Value).Select(body => (item.Key, body))));

    [Fact]
    public async Task Bodies_changed_at_random_are_answered_or_refused()
    {
        var random = new Random(Seed);
        await AllAreAnswered(RouteFuzz.Bodies.SelectMany(item =>
            Enumerable.Range(0, Mutations).Select(_ => (item.Key, RouteFuzz.Mutated(item.Value, random)))).ToList());
    }

    [Theory]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json;;;")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task Another_type_of_body_or_none_is_refused(string type)
    {
        foreach (var route in fuzzed.Routes)
        {
            var header = type.Length > 0 ? $"Content-Type: {type}\r\n" : "";
            var (status, answer) = await Raw(route.Method, route.Path, $"{header}Content-Length: 3\r\n", "{a}");
            Assert.True(status is 400 or 415 || route.Request is null, $"{route.Method} {route.Path}: {status} {answer}");
            (status, answer) = await Raw(route.Method, route.Path, header, "");
            Assert.True(status is 400 or 415 || route.Request is null, $"{route.Method} {route.Path}: {status} {answer}");
        }
        await AnswersOn();
    }

    [Fact]
    public async Task Any_path_and_query_is_answered_or_refused()
    {
        foreach (var route in fuzzed.Routes)
            foreach (var path in RouteFuzz.Paths(route.Path))
            {
                var (status, answer) = await Raw(route.Method, path, "Content-Type: application/json\r\nContent-Length: 2\r\n", "{}");
                IsAnswered($"{route.Method} {path}", status, answer);
            }
        await AnswersOn();
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_refused_and_holds_up_nobody()
    {
        var slow = fuzzed.Routes.Where(route => route.Request is not null).Select(async route =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address.Host, Address.Port, RunningServer.Cancellation);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Head(route.Method, route.Path, "Content-Type: application/json\r\nContent-Length: 5000\r\n"),
                RunningServer.Cancellation);
            var answer = Read(stream);
            for (var drip = 0; !answer.IsCompleted && drip < 5; drip++)
            {
                await stream.WriteAsync("{ "u8.ToArray().AsMemory(drip == 0 ? 0 : 1, 1), RunningServer.Cancellation);
                await Task.WhenAny(answer, Task.Delay(100, RunningServer.Cancellation));
            }
            var (status, body) = await answer;
            Assert.True(status == 408, $"{route.Path}: {status} {body}");
            Assert.Equal("body_too_slow", (string?)JsonNode.Parse(body)!["error"]!["code"]);
        }).ToList();
        await AnswersOn();
        await Task.WhenAll(slow);
        await AnswersOn();
    }

    [Fact]
    public async Task Who_leaves_in_the_middle_of_a_body_leaves_nothing_behind()
    {
        foreach (var (route, body) in RouteFuzz.Bodies)
        {
            var parts = route.Split(' ');
            using var client = new TcpClient();
            await client.ConnectAsync(Address.Host, Address.Port, RunningServer.Cancellation);
            await using var stream = client.GetStream();
            await stream.WriteAsync(
                Head(parts[0], parts[1], $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n"),
                RunningServer.Cancellation);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(body[..(body.Length / 2)]), RunningServer.Cancellation);
            client.LingerState = new LingerOption(true, 0);
        }
        await AnswersOn();
        Assert.Equal(0, fuzzed.Host.Waiting);
    }

    private async Task AllAreAnswered(IEnumerable<(string Route, string Body)> requests)
    {
        var (queue, bad) = (new ConcurrentQueue<(string Route, string Body)>(requests), new ConcurrentBag<string>());
        Assert.NotEmpty(queue);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (queue.TryDequeue(out var request))
            {
                var (status, answer) = await Send(request.Route, request.Body);
                try
                {
                    IsAnswered(request.Route, status, answer);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    bad.Add($"seed {Seed}: {request.Route} {request.Body[..Math.Min(900, request.Body.Length)]}: {status} {answer}");
                }
            }
        }));
        Assert.Empty(bad);
        await AnswersOn();
    }

    private static void IsAnswered(string request, int status, string answer)
    {
        Assert.True(status is >= 200 and < 500, $"{request}: {status} {answer}");
        if (status >= 400)
            RunningServer.IsError(JsonNode.Parse(answer));
    }

    private async Task AnswersOn()
    {
        var (status, answer) = await Send("POST /v1/embeddings", """{"input":"a"}""");
        Assert.True(status == 200, answer);
        using var metrics = await server.Client.GetAsync(new Uri(Address, "/metrics"), RunningServer.Cancellation);
        Assert.DoesNotContain(
            "status=\"500\"", await metrics.Content.ReadAsStringAsync(RunningServer.Cancellation), StringComparison.Ordinal);
    }

    private async Task<(int Status, string Answer)> Send(string route, string body)
    {
        var parts = route.Split(' ');
        using var request = new HttpRequestMessage(
            new HttpMethod(parts[0]), new Uri(Address, parts[1].Replace("{id}", "bird8", StringComparison.Ordinal)))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(RunningServer.Cancellation));
    }

    private async Task<(int Status, string Answer)> Raw(string method, string path, string headers, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address.Host, Address.Port, RunningServer.Cancellation);
        await using var stream = client.GetStream();
        await stream.WriteAsync((byte[])[.. Head(method, path, headers), .. Encoding.UTF8.GetBytes(body)], RunningServer.Cancellation);
        return await Read(stream);
    }

    private byte[] Head(string method, string path, string headers) =>
        Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {Address.Authority}\r\nConnection: close\r\n{headers}\r\n");

    private static async Task<(int Status, string Answer)> Read(NetworkStream stream)
    {
        var (read, buffer) = (new List<byte>(), new byte[4096]);
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, RunningServer.Cancellation)) > 0;)
                read.AddRange(buffer[..count]);
        }
        catch (IOException)
        {
            // The server may cut off who goes on to send after the answer, which has come then.
        }
        var text = Encoding.UTF8.GetString([.. read]);
        var start = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(start > 0, $"no answer: {text}");
        var body = text[(start + 4)..];
        // Of a body in chunks, what stands between the lengths.
        if (text[..start].Contains("chunked", StringComparison.OrdinalIgnoreCase))
            body = string.Concat(body.Split("\r\n").Where((_, index) => index % 2 == 1));
        return (int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), body);
    }

    public async ValueTask DisposeAsync()
    {
        await fuzzed.DisposeAsync();
        folder.Dispose();
    }
}
