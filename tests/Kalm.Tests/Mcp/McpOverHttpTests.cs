using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server;
using Kalm.Tests.Server;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Kalm.Tests.Mcp;

[Collection(nameof(RunningServer))]
public class McpOverHttpTests(RunningMcp mcp) : IClassFixture<RunningMcp>
{
    private const string Initialize = """
        {"jsonrpc":"2.0","id":1,"method":"initialize",
        "params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
        """;

    [Theory]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task Clients_of_every_version_are_answered(string version)
    {
        await using var client = await RunningMcp.Connect(mcp.Served, version: version);
        Assert.Equal("kalm", client.ServerInfo!.Name);
        Assert.Equal("frog5", (string?)(await RunningMcp.CallWell(client, "get_entity", """{"entity":"frog5"}"""))["id"]);
    }

    [Fact]
    public async Task Writing_tools_are_offered_where_they_are_allowed_and_change_what_the_routes_tell()
    {
        await using var writing = McpOverHttp.Server(
            mcp.Routes.Options() with { IndexFolder = mcp.Routes.File("mcp-index") }, isWriting: true);
        await writing.Start(RunningServer.Cancellation);
        await writing.Ready.WaitAsync(RunningServer.Cancellation);
        var address = new Uri(writing.Urls[0]);
        await using var client = await RunningMcp.Connect(writing);
        var hints = (await client.ListToolsAsync(cancellationToken: RunningServer.Cancellation))
            .Where(tool => tool.ProtocolTool.Annotations!.ReadOnlyHint == false).ToList();
        Assert.Equal(["add_entity", "propose_fact"], hints.Select(tool => tool.Name).Order());
        Assert.All(hints, tool => Assert.False(tool.ProtocolTool.Annotations!.DestructiveHint));

        var added = await RunningMcp.CallWell(client, "add_entity", """{"id":"bird/900 %","text":"bird900, a bird of number 900"}""");
        Assert.Equal(("bird/900 %", "bird900"), ((string?)added["id"], (string?)added["name"]));
        var read = await client.ReadResourceAsync("kalm://entity/bird%2F900%20%25", cancellationToken: RunningServer.Cancellation);
        Assert.Equal(2, read.Contents.Count);
        var fact = await RunningMcp.CallWell(
            client, "propose_fact", """{"head":"bird/900 %","relation":"kind_of","tail":"bird"}""");
        var listed = (await mcp.Routes.Send(HttpMethod.Get, "/v1/facts", null, address)).Body!["facts"]!.AsArray();
        Assert.Equal(fact.ToJsonString(), Assert.Single(listed)!.ToJsonString());
        var known = await RunningMcp.CallWell(client, "get_entity", """{"entity":"bird900","predict":0}""");
        Assert.Equal("added", (string?)Assert.Single(known["known"]!.AsArray())!["split"]);

        Assert.Contains("already", await RunningMcp.Fault(
            client, "add_entity", """{"id":"bird/900 %","text":"again"}"""), StringComparison.Ordinal);
        Assert.Contains("accepted already", await RunningMcp.Fault(
            client, "propose_fact", """{"head":"bird900","relation":"kind_of","tail":"bird"}"""), StringComparison.Ordinal);
        Assert.StartsWith("tail: there is no entity 'nobody'", await RunningMcp.Fault(
            client, "propose_fact", """{"head":"bird900","relation":"kind_of","tail":"nobody"}"""), StringComparison.Ordinal);
        Assert.Contains("text is missing", await RunningMcp.Fault(client, "add_entity", "{}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_is_asked_of_agents_too()
    {
        await using var locked = McpOverHttp.Server(mcp.Routes.Options() with { ApiKey = "sesame" }, isWriting: false);
        await locked.Start(RunningServer.Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(() => RunningMcp.Connect(locked));
        var mapped = locked.MappedRoutes.Where(route => route.Path.TrimEnd('/') == "/mcp").ToList();
        Assert.NotEmpty(mapped);
        foreach (var (method, _) in mapped)
            Assert.Equal(HttpStatusCode.Unauthorized, await Send(locked, new HttpMethod(method), Initialize));
        await using var client = await RunningMcp.Connect(locked, "sesame");
        Assert.Equal(6, (await client.ListToolsAsync(cancellationToken: RunningServer.Cancellation)).Count);
    }

    [Theory]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("http://localhost:5173", HttpStatusCode.OK)]
    [InlineData("https://app.example", HttpStatusCode.OK)]
    public async Task Only_pages_of_this_machine_and_of_allowed_origins_are_answered(string origin, HttpStatusCode status)
    {
        await using var open = McpOverHttp.Server(mcp.Routes.Options() with { Origins = ["https://app.example"] }, isWriting: false);
        await open.Listen(RunningServer.Cancellation);
        Assert.Equal(status, await Send(open, HttpMethod.Post, Initialize, origin));
    }

    [Fact]
    public async Task Before_the_model_is_there_calls_and_resources_are_told_to_wait()
    {
        await using var early = McpOverHttp.Server(mcp.Routes.Options(), isWriting: false);
        await early.Listen(RunningServer.Cancellation);
        await using var client = await RunningMcp.Connect(early);
        Assert.Equal(6, (await client.ListToolsAsync(cancellationToken: RunningServer.Cancellation)).Count);
        Assert.EndsWith("try again in 2 s", await RunningMcp.Fault(client, "embed_texts", """{"texts":["a"]}"""), StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<McpProtocolException>(
            async () => await client.ListResourcesAsync(cancellationToken: RunningServer.Cancellation));
        Assert.Contains("being made ready", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2025-06-18", true)]
    [InlineData("2025-11-25", true)]
    [InlineData("2025-06-18", false)]
    [InlineData("2025-11-25", false)]
    [InlineData("2026-07-28", false)]
    public async Task A_call_that_is_cancelled_ends_and_costs_the_model_nothing(string version, bool isToldAlone)
    {
        await using var client = await RunningMcp.Connect(mcp.Served, version: version);
        using var gate = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        var held = mcp.Served.Host.Served.Call(
            _ =>
            {
                begun.SetResult();
                return gate.Wait(TimeSpan.FromSeconds(60));
            }, RunningServer.Cancellation);
        await begun.Task.WaitAsync(RunningServer.Cancellation);
        var (tokens, seconds) = (0L, new List<double>());
        using var encoded = Listener.Of<long>(mcp.Served.Metrics, "kalm.server.tokens.encoded", count => tokens += count);
        using var answered = Listener.Of<double>(mcp.Served.Metrics, "kalm.server.request.duration", seconds.Add);
        using var leaving = new CancellationTokenSource();
        var call = client.SendRequestAsync(
            new JsonRpcRequest
            {
                Id = new RequestId("given up"), Method = "tools/call",
                Params = JsonNode.Parse("""{"name":"embed_texts","arguments":{"texts":["a bird that nobody waits for any more"]}}"""),
            }, leaving.Token);
        await Until(() => mcp.Served.Host.Waiting == 1);
        // One says so and goes on to read what comes; the other leaves.
        if (isToldAlone)
            await client.SendMessageAsync(
                new JsonRpcNotification
                {
                    Method = NotificationMethods.CancelledNotification, Params = new JsonObject { ["requestId"] = "given up" },
                }, RunningServer.Cancellation);
        else
            await leaving.CancelAsync();
        // The request that carried the call is over while the model still does something else.
        await Until(() => Ended() >= (isToldAlone ? 2 : 1));
        gate.Set();
        Assert.True(await held);
        await mcp.Served.Host.Served.Call(_ => true, RunningServer.Cancellation);
        Assert.Equal(0, tokens);
        Assert.Equal("frog5", (string?)(await RunningMcp.CallWell(client, "get_entity", """{"entity":"frog5"}"""))["id"]);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => call);

        int Ended()
        {
            lock (seconds)
                return seconds.Count;
        }
    }

    private static async Task Until(Func<bool> holds)
    {
        for (var waited = 0; waited < 3000 && !holds(); waited++)
            await Task.Delay(10, RunningServer.Cancellation);
        Assert.True(holds());
    }

    [Fact]
    public async Task Clients_at_once_get_what_one_gets_alone()
    {
        // What is encoded beside others may differ from what is encoded alone, in the last digit.
        var expected = Told(await RunningMcp.CallWell(mcp.Client, "complete_triple", """{"head":"bird16","relation":"kind_of"}"""));
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var client = await RunningMcp.Connect(mcp.Served);
            foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
                RunningMcp.CallWell(client, "complete_triple", """{"head":"bird16","relation":"kind_of"}"""))))
                Assert.Equal(expected, Told(answer));
        }));

        static string[] Told(JsonNode answer) => [.. answer["results"]!.AsArray().Select(
            result => $"{result!["id"]} {(double)result["score"]!:F4} {result["known"]} {result["verdict"]}")];
    }

    private async Task<HttpStatusCode> Send(KalmServer server, HttpMethod method, string body, string? origin = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(server.Urls[0]), "/mcp"));
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (origin is not null)
            request.Headers.TryAddWithoutValidation("Origin", origin);
        if (method == HttpMethod.Post)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await mcp.Routes.Client.SendAsync(request, RunningServer.Cancellation);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            RunningServer.IsError(JsonNode.Parse(await response.Content.ReadAsStringAsync(RunningServer.Cancellation)));
        return response.StatusCode;
    }
}
