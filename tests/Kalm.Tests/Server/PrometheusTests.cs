using System.Globalization;
using System.Text.Json.Nodes;
using Kalm.Server;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class PrometheusTests(RunningServer server)
{
    [Fact]
    public async Task What_is_counted_can_be_scraped()
    {
        await using var fresh = await RunningServer.Another(server.Options());
        var address = new Uri(fresh.Urls[0]);
        await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a fish" }, address);
        await server.Fault("/v1/embeddings", "{}", 400, "input", address);
        using (var unknown = new HttpRequestMessage(new HttpMethod("BREW"), new Uri(address, "/pot")))
            (await server.Client.SendAsync(unknown, RunningServer.Cancellation)).Dispose();
        var lines = await Scrape(fresh, null);
        while (!lines.Any(line => line.Contains("method=\"other\"", StringComparison.Ordinal)))
            lines = await Scrape(fresh, null);

        Assert.All(lines.Where(line => !line.StartsWith('#')), line =>
            Assert.Matches(@"^[a-z_]+(\{([a-z]+=""[^""]*"",?)+\})? [0-9.eE+-]+$", line));
        Assert.Equal(1, Value("kalm_server_requests_total{method=\"POST\",route=\"/v1/embeddings\",status=\"200\"}"));
        Assert.Equal(1, Value("kalm_server_requests_total{method=\"POST\",route=\"/v1/embeddings\",status=\"400\"}"));
        Assert.Equal(1, Value("kalm_server_requests_total{method=\"other\",route=\"unknown\",status=\"404\"}"));
        Assert.True(Value("kalm_server_tokens_encoded_total") > 0);
        Assert.Equal(0, Value("kalm_server_queue_length"));
        Assert.Equal(1, Value("kalm_server_batch_size_count"));
        const string Duration = "kalm_server_request_duration_seconds";
        const string Labels = "method=\"POST\",route=\"/v1/embeddings\",status=\"200\"";
        var buckets = lines.Where(line => line.StartsWith($"{Duration}_bucket{{{Labels},le=", StringComparison.Ordinal))
            .Select(line => int.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(buckets.Order(), buckets);
        Assert.Equal((1, 1d), (buckets[^1], Value($"{Duration}_count{{{Labels}}}")));
        Assert.Contains($"# TYPE {Duration} histogram", lines);
        Assert.Contains("# TYPE kalm_server_requests_total counter", lines);

        double Value(string series) => double.Parse(
            lines.Single(line => line.StartsWith(series + " ", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_chats_read_write_share_and_find_again_is_counted()
    {
        await using var fresh = await RunningServer.Another(server.Options());
        var body = JsonNode.Parse("""{"messages":[{"role":"user","content":"What is a crab?"}],"max_tokens":9,"n":2}""")!;
        var usages = new List<JsonNode>();
        for (var turn = 0; turn < 2; turn++)
            usages.Add((await server.PostWell("/v1/chat/completions", body, new Uri(fresh.Urls[0])))["usage"]!);
        var lines = await Scrape(fresh, null);

        var prompt = (int)usages[0]["prompt_tokens"]!;
        Assert.Equal(usages.Sum(usage => (int)usage["completion_tokens"]!), Value("kalm_server_tokens_written_total"));
        Assert.Equal(prompt + 1, Value("kalm_server_tokens_read_total"));
        Assert.Equal((prompt - 1, 1), (Value("kalm_server_tokens_cached_total"), Value("kalm_server_prefix_hits_total")));
        Assert.True(Value("kalm_server_prefix_bytes") > 0);
        Assert.True(Value("kalm_server_step_sequences_sum") > Value("kalm_server_step_sequences_count"));
        Assert.Equal((0, 0), (Value("kalm_server_queue_length"), Value("kalm_server_chats")));

        double Value(string series) => double.Parse(
            lines.Single(line => line.StartsWith(series + " ", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(false, null, 401)]
    [InlineData(false, "sesame", 200)]
    [InlineData(true, null, 200)]
    public async Task The_key_is_needed_unless_the_server_is_told_otherwise(bool isOpen, string? key, int status)
    {
        await using var locked = await RunningServer.Another(server.Options() with { ApiKey = "sesame", HasOpenMetrics = isOpen });
        await Scrape(locked, key, status);
    }

    private async Task<string[]> Scrape(KalmServer scraped, string? key, int status = 200)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(scraped.Urls[0]), "/metrics"));
        if (key is not null)
            request.Headers.Authorization = new("Bearer", key);
        using var response = await server.Client.SendAsync(request, RunningServer.Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 200)
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return (await response.Content.ReadAsStringAsync(RunningServer.Cancellation)).TrimEnd('\n').Split('\n');
    }
}
