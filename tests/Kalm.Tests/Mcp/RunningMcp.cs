using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server;
using Kalm.Tests.Server;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Kalm.Tests.Mcp;

/// <summary>A server that speaks to agents too, over the tiny model of the family graph, and a client of it.</summary>
public sealed class RunningMcp(RunningServer server) : IAsyncLifetime
{
    private KalmServer? served;

    /// <summary>The routes' side of it.</summary>
    public RunningServer Routes => server;

    /// <summary>The server.</summary>
    internal KalmServer Served => served!;

    /// <summary>A client.</summary>
    public McpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        served = McpOverHttp.Server(server.Options(), isWriting: false);
        await served.Start(RunningServer.Cancellation);
        await served.Ready.WaitAsync(RunningServer.Cancellation);
        Client = await Connect(served);
    }

    /// <summary>Another client.</summary>
    public static Task<McpClient> Connect(KalmServer server, string? key = null, string? version = null) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(new Uri(server.Urls[0]), "/mcp"), TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = key is null ? null : new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
        }),
        new McpClientOptions { ProtocolVersion = version }, cancellationToken: RunningServer.Cancellation);

    /// <summary>Calls a tool.</summary>
    public static async Task<CallToolResult> Call(McpClient client, string tool, string arguments) => await client.CallToolAsync(
        tool, JsonNode.Parse(arguments)!.AsObject().ToDictionary(field => field.Key, field => (object?)field.Value),
        cancellationToken: RunningServer.Cancellation);

    /// <summary>Calls a tool that must answer: what it answers as structured content, which is its text too.</summary>
    public static async Task<JsonNode> CallWell(McpClient client, string tool, string arguments)
    {
        var result = await Call(client, tool, arguments);
        var text = Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
        Assert.True(result.IsError != true, text);
        var structured = JsonNode.Parse(result.StructuredContent!.Value.GetRawText())!;
        Assert.True(JsonNode.DeepEquals(structured, JsonNode.Parse(text)));
        return structured;
    }

    /// <summary>The words of an error.</summary>
    public static async Task<string> Fault(McpClient client, string tool, string arguments)
    {
        var result = await Call(client, tool, arguments);
        Assert.True(result.IsError, $"{tool} {arguments}");
        Assert.Null(result.StructuredContent);
        return Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
    }

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();
        if (served is not null)
            await served.DisposeAsync();
    }
}
