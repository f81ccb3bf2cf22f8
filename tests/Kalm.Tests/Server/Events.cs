using System.Text;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Server;

/// <summary>Reads server-sent events.</summary>
internal static class Events
{
    /// <summary>What a body is answered with, without the end.</summary>
    public static async Task<IReadOnlyList<JsonNode>> Of(RunningServer server, string path, JsonNode body, Uri? address = null)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(
            new Uri(address ?? server.Client.BaseAddress!, path), content, RunningServer.Cancellation);
        var text = await response.Content.ReadAsStringAsync(RunningServer.Cancellation);
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal) && line != "data: [DONE]")
            .Select(line => JsonNode.Parse(line["data: ".Length..])!)];
    }
}
