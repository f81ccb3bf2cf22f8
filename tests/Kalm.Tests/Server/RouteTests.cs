using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kalm.Server;
using Kalm.Server.Http;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class RouteTests(RunningServer server)
{
    [Fact]
    public async Task With_a_key_every_route_but_health_needs_it()
    {
        await using var locked = await RunningServer.Another(server.Options() with { ApiKey = "sesame" });
        Assert.NotEmpty(locked.Routes);
        Assert.Equal(locked.Routes.Select(route => (route.Method, route.Path)).Order(), locked.MappedRoutes.Order());
        foreach (var (method, path) in locked.MappedRoutes.Append(("GET", "/nowhere")).Append(("POST", "/health")))
        {
            var isOpen = (method, path) == ("GET", "/health");
            foreach (var header in new[]
            {
                null, "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Bearer  sesame",
                "Basic sesame", "sesame", Password("sesam"), Password(":sesame"), "Basic ",
            })
            {
                var (status, body) = await Send(method, path, header);
                Assert.True(status == (isOpen ? 200 : 401), $"{method} {path} with '{header}': {status}");
                if (!isOpen)
                    RunningServer.IsError(body);
            }
            Assert.NotEqual(401, (await Send(method, path, "Bearer sesame")).Status);
            Assert.NotEqual(401, (await Send(method, path, Password("sesame"))).Status);
        }

        async Task<(int Status, JsonNode? Body)> Send(string method, string path, string? authorization)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(new Uri(locked.Urls[0]), path));
            if (method == "POST")
                request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
            Assert.Equal(
                (int)response.StatusCode == 401, response.Headers.WwwAuthenticate.Contains(new AuthenticationHeaderValue("Bearer")));
            return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType == "application/json"
                ? await response.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation) : null);
        }
    }

    [Theory]
    [InlineData("/", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", true)]
    [InlineData("/v1/models", "text/html", true)]
    [InlineData("/page/page.js", "*/*", false)]
    [InlineData("/v1/models", "application/json", false)]
    [InlineData("/v1/models", null, false)]
    public async Task Only_a_person_who_opens_a_page_is_asked_for_a_password(string path, string? accept, bool isAsked)
    {
        await using var locked = await RunningServer.Another(server.Options() with { ApiKey = "sesame" });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(locked.Urls[0]), path));
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        Assert.Equal(401, (int)response.StatusCode);
        string[] expected = isAsked ? ["Bearer", "Basic realm=\"Kalm\", charset=\"UTF-8\""] : ["Bearer"];
        Assert.Equal(expected, response.Headers.WwwAuthenticate.Select(scheme => scheme.ToString()));
        RunningServer.IsError(await response.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation));
    }

    [Fact]
    public async Task The_page_and_all_it_names_come_from_the_server_under_a_strict_policy()
    {
        var waiting = new Queue<string>(["/"]);
        var seen = new HashSet<string>();
        while (waiting.TryDequeue(out var path))
        {
            if (!seen.Add(path))
                continue;
            using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative), RunningServer.Cancellation);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
            Assert.StartsWith(
                "default-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            var text = await response.Content.ReadAsStringAsync(RunningServer.Cancellation);
            Assert.DoesNotMatch("https?://(?!www\\.w3\\.org/)", text);
            foreach (var named in Regex.Matches(text, "(?:\"page/|from \"\\./)([^\"]+)\"").Select(match => match.Groups[1].Value))
                waiting.Enqueue($"/page/{named}");

            using var again = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
            using var unchanged = await server.Client.SendAsync(again, RunningServer.Cancellation);
            Assert.Equal(304, (int)unchanged.StatusCode);
        }
        Assert.Equal(typeof(KalmServer).Assembly.GetManifestResourceNames()
            .Count(name => name.StartsWith("page/", StringComparison.Ordinal)), seen.Count);
        using var nothing = await server.Client.GetAsync(new Uri("/page/nothing.js", UriKind.Relative), RunningServer.Cancellation);
        Assert.Equal(404, (int)nothing.StatusCode);
        RunningServer.IsError(await nothing.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation));
    }

    [Fact]
    public async Task The_document_describes_every_route_and_field()
    {
        var document = await server.GetWell("/openapi.json");
        Assert.Equal("3.1.0", (string?)document["openapi"]);
        Assert.Equal(
            server.Server.Routes.Select(route => $"{route.Method.ToLowerInvariant()} {OpenApiDocument.PathOf(route)}").Order(),
            document["paths"]!.AsObject()
                .SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key} {path.Key}")).Order());
        var fields = document["components"]!["schemas"]!["CompleteRequest"]!["properties"]!.AsObject();
        Assert.Equal(
            ["head", "relation", "tail", "top", "explain", "rerank", "known", "facts", "strict_types"], fields.Select(field => field.Key));
        Assert.Equal("id", (string?)document["paths"]!["/v1/entities/{id}"]!["get"]!["parameters"]![0]!["name"]);
        foreach (var (_, path) in document["paths"]!.AsObject())
            foreach (var (_, operation) in path!.AsObject())
                Assert.NotNull(operation!["responses"]!["default"]);
    }

    [Fact]
    public async Task The_document_is_sound_names_each_operation_once_and_refers_only_to_what_it_holds()
    {
        var document = await server.GetWell("/openapi.json");
        var ids = new List<string>();
        foreach (var (path, methods) in document["paths"]!.AsObject())
            foreach (var (method, operation) in methods!.AsObject())
            {
                ids.Add((string)operation!["operationId"]!);
                Assert.Matches("^[a-z][A-Za-z0-9]+$", ids[^1]);
                var named = operation["parameters"]!.AsArray().Where(item => (string?)item!["in"] == "path")
                    .Select(item => (string)item!["name"]!);
                Assert.Equal(Regex.Matches(path, @"\{(\w+)\}").Select(match => match.Groups[1].Value), named);
                Assert.All(operation["responses"]!.AsObject(), answer =>
                {
                    Assert.Matches("^([1-5][0-9][0-9]|default)$", answer.Key);
                    Assert.NotEqual("", (string?)answer.Value!["description"]);
                });
                Assert.Equal(method == "get" || method == "delete", operation["requestBody"] is null);
            }
        Assert.Equal(ids.Count, ids.Distinct().Count());
        var references = new List<string>();
        Collect(document);
        Assert.Contains("#/components/schemas/ErrorBody", references);
        Assert.All(references, reference =>
        {
            JsonNode? place = document;
            foreach (var step in reference.Split('/').Skip(1))
                place = place![step];
            Assert.NotNull(place);
        });
        var chat = document["paths"]!["/v1/chat/completions"]!["post"]!["responses"]!["200"]!["content"]!.AsObject();
        Assert.Equal(["application/json", "text/event-stream"], chat.Select(content => content.Key));

        void Collect(JsonNode? node)
        {
            if (node is JsonArray items)
                foreach (var item in items)
                    Collect(item);
            if (node is not JsonObject fields)
                return;
            if (fields["$ref"] is { } reference)
                references.Add((string)reference!);
            foreach (var (_, value) in fields)
                Collect(value);
        }
    }

    [Theory]
    [InlineData("/v1/models", "GET, HEAD")]
    [InlineData("/v1/embeddings", "POST")]
    public async Task A_method_that_a_route_has_not_is_answered_with_those_that_it_has(string path, string allowed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri(path, UriKind.Relative));
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        Assert.Equal(405, (int)response.StatusCode);
        Assert.Equal(allowed.Split(", "), response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("/v1/models", 200)]
    [InlineData("/health", 200)]
    [InlineData("/", 200)]
    [InlineData("/v1/models/gpt", 404)]
    [InlineData("/v1/embeddings", 405)]
    public async Task Head_is_answered_as_get_without_a_body(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(path, UriKind.Relative));
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(RunningServer.Cancellation));
    }

    private static string Password(string key) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("whoever:" + key));

    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("DELETE", "/v1/models", 405)]
    [InlineData("GET", "/v1/complete", 405)]
    public async Task What_is_no_route_is_told_in_the_same_shape(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
        RunningServer.IsError(JsonNode.Parse(await response.Content.ReadAsStringAsync(RunningServer.Cancellation)));
    }

    [Fact]
    public async Task The_model_is_called_by_its_folder()
    {
        var models = await server.GetWell("/v1/models");
        Assert.Equal("base", (string?)models["data"]!.AsArray().Single()!["id"]);
        Assert.Equal("ready", (string?)(await server.GetWell("/health"))["status"]);
    }

    [Fact]
    public void Nothing_but_this_machine_is_listened_to_unless_it_is_asked_for() =>
        Assert.All(new ServerOptions { Model = "m", Graph = "g" }.Urls, url => Assert.Equal("127.0.0.1", new Uri(url).Host));

    [Fact]
    public async Task Requests_and_tokens_are_counted()
    {
        var (requests, queue) = (new List<long>(), 0);
        using var counted = Listener.Of<long>(server.Server.Metrics, "kalm.server.requests", requests.Add);
        var tokens = new List<long>();
        using var written = Listener.Of<long>(server.Server.Metrics, "kalm.server.tokens.written", tokens.Add);
        using var waiting = Listener.Of<int>(server.Server.Metrics, "kalm.server.queue.length", length => queue = length);
        var seconds = new List<double>();
        using var latency = Listener.Of<double>(server.Server.Metrics, "kalm.server.request.duration", seconds.Add);
        var answer = await server.PostWell(
            "/v1/chat/completions", JsonNode.Parse("""{"messages":[{"role":"user","content":"a"}],"max_tokens":9}""")!);
        await server.GetWell("/health");
        while (requests.Count < 2)
            await Task.Delay(5, RunningServer.Cancellation);
        waiting.RecordObservableInstruments();
        Assert.Equal(2, requests.Sum());
        Assert.Equal((long)answer["usage"]!["completion_tokens"]!, tokens.Sum());
        Assert.All(seconds, value => Assert.InRange(value, 0, 60));
        Assert.Equal(0, queue);
    }
}
