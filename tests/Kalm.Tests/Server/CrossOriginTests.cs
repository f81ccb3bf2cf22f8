using Kalm.Server;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class CrossOriginTests(RunningServer server)
{
    private const string Page = "http://app.example";

    [Theory]
    [InlineData(Page, Page)]
    [InlineData("*", "*")]
    public async Task A_page_that_is_let_in_may_ask_with_a_key_and_read_answers_and_faults(string origin, string told)
    {
        await using var open = await RunningServer.Another(
            server.Options() with { ApiKey = "sesame", Origins = ["https://other", origin] });
        using var asked = await Send(open, HttpMethod.Options, "/v1/chat/completions", Page, preflight: true);
        Assert.Equal(204, (int)asked.StatusCode);
        Assert.Equal(told, Value(asked, "Access-Control-Allow-Origin"));
        Assert.Contains("POST", Value(asked, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Equal("content-type,authorization", Value(asked, "Access-Control-Allow-Headers"));
        Assert.Equal("true", Value(asked, "Access-Control-Allow-Private-Network"));
        foreach (var (key, status) in new[] { ("sesame", 200), ("wrong", 401) })
        {
            using var answer = await Send(open, HttpMethod.Get, "/v1/models", Page, key: key);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Equal(told, Value(answer, "Access-Control-Allow-Origin"));
            Assert.Contains("Origin", answer.Headers.Vary);
            Assert.Contains("ETag", Value(answer, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Other_pages_are_told_nothing_and_by_default_all_are_others()
    {
        await using var open = await RunningServer.Another(server.Options() with { Origins = [Page] });
        foreach (var (asked, origin) in new[] { (open, "http://evil.example"), (open, "null"), (server.Server, Page) })
        {
            using var answer = await Send(asked, HttpMethod.Get, "/v1/models", origin);
            Assert.Equal(200, (int)answer.StatusCode);
            Assert.Equal("", Value(answer, "Access-Control-Allow-Origin"));
            using var preflight = await Send(asked, HttpMethod.Options, "/v1/models", origin, preflight: true);
            Assert.Equal(405, (int)preflight.StatusCode);
            Assert.Equal("", Value(preflight, "Access-Control-Allow-Origin"));
        }
    }

    private async Task<HttpResponseMessage> Send(
        KalmServer asked, HttpMethod method, string path, string origin, bool preflight = false, string? key = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(asked.Urls[0]), path));
        request.Headers.Add("Origin", origin);
        if (preflight)
        {
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "content-type,authorization");
            request.Headers.Add("Access-Control-Request-Private-Network", "true");
        }
        if (key is not null)
            request.Headers.Authorization = new("Bearer", key);
        return await server.Client.SendAsync(request, RunningServer.Cancellation);
    }

    private static string Value(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values) ? string.Join(",", values) : "";
}
