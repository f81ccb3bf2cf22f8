using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Graph;
using Kalm.Server;

namespace Kalm.Tests.Server;

/// <summary>A server of this process at a free port, over a tiny model of the family graph.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly Tests.Graph.SmallGraph files = FamilyGraph.Make();
    private KalmServer? server;

    public RunningServer()
    {
        Graph = files.Load();
        Model = TinyModel.Make(folder, Graph);
    }

    public KnowledgeGraph Graph { get; }

    public string Model { get; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    internal KalmServer Server => server!;

    internal ServedModel Served => Server.Host.Served;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Options for another server over the same model.</summary>
    public ServerOptions Options(ServerLimits? limits = null) => new()
    {
        Model = Model, Graph = files.Path, Urls = ["http://127.0.0.1:0"], Threads = 2,
        Quiet = true, Limits = limits ?? new ServerLimits { Answers = 200 },
    };

    /// <summary>Another server over the same model, ready; the caller stops it.</summary>
    internal static Task<KalmServer> Another(ServerOptions options) => Another(new KalmServer(options));

    /// <summary>The same of a server that is made already.</summary>
    internal static async Task<KalmServer> Another(KalmServer other)
    {
        await other.Start(Cancellation);
        await other.Ready.WaitAsync(Cancellation);
        return other;
    }

    public string File(string name) => folder.File(name);

    public async ValueTask InitializeAsync()
    {
        server = await Another(Options());
        Client.BaseAddress = new Uri(server.Urls[0]);
    }

    /// <summary>The answer's body, whatever its status.</summary>
    public async Task<(int Status, JsonNode Body)> Post(string path, string json, Uri? address = null)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(
            address is null ? new Uri(path, UriKind.Relative) : new Uri(address, path), content, Cancellation);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!);
    }

    /// <summary>Any request: status, body (null for none) and ETag of the answer.</summary>
    public async Task<(int Status, JsonNode? Body, string? Tag)> Send(
        HttpMethod method, string path, JsonNode? body = null, Uri? address = null, (string Name, string Value)? header = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(address ?? Client.BaseAddress!, path));
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        if (header is { } given)
            request.Headers.TryAddWithoutValidation(given.Name, given.Value);
        using var response = await Client.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), response.Headers.ETag?.Tag);
    }

    /// <summary>The body of an answer that must be well.</summary>
    public async Task<JsonNode> PostWell(string path, JsonNode body, Uri? address = null)
    {
        var (status, answer) = await Post(path, body.ToJsonString(), address);
        Assert.True(status is 200 or 201, $"{status}: {answer}");
        return answer;
    }

    /// <summary>The error that a body is answered with.</summary>
    public async Task<JsonNode> Fault(string path, string json, int status = 400, string? param = null, Uri? address = null)
    {
        var (found, body) = await Post(path, json, address);
        Assert.True(found == status, $"{found}: {body}");
        IsError(body);
        if (param is not null)
            Assert.Equal(param, (string?)body["error"]!["param"]);
        return body["error"]!;
    }

    public async Task<JsonNode> GetWell(string path)
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        var body = (await response.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!;
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {body}");
        return body;
    }

    /// <summary>Asserts the one shape of errors.</summary>
    public static void IsError(JsonNode? body)
    {
        var error = body!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(field => field.Key));
        Assert.NotEqual("", (string?)error["message"]);
        Assert.NotNull((string?)error["type"]);
        Assert.DoesNotContain("Kalm.Server", (string?)error["message"], StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        Client.Dispose();
        files.Dispose();
        folder.Dispose();
    }
}

/// <summary>Tests that share one server.</summary>
[CollectionDefinition(nameof(RunningServer))]
public class RunningServerTests : ICollectionFixture<RunningServer>;
