using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server;
using Kalm.Tests.Mcp;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class IndexingTests(RunningServer server)
{
    [Fact]
    public async Task While_the_index_is_made_what_needs_only_the_model_is_answered_and_the_rest_is_told_to_wait()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("needs a named pipe in the file system");
        // A graph one of whose files gives nothing yet: the index cannot be made before it does.
        var graph = Directory.CreateDirectory(server.File("slow-graph")).FullName;
        foreach (var file in Directory.GetFiles(server.Options().Graph))
            File.Copy(file, Path.Combine(graph, Path.GetFileName(file)));
        var (valid, kept) = (Path.Combine(graph, "valid.txt"), server.File("valid-kept.txt"));
        File.Move(valid, kept);
        using (var made = Process.Start("mkfifo", [valid]))
            await made.WaitForExitAsync(RunningServer.Cancellation);
        await using var slow = McpOverHttp.Server(
            server.Options() with { Graph = graph, IndexFolder = server.File("slow-index") }, isWriting: false);
        await slow.Start(RunningServer.Cancellation);
        var address = new Uri(slow.Urls[0]);
        await slow.Host.Loaded.WaitAsync(RunningServer.Cancellation);
        using var writer = new Process
        {
            StartInfo = new ProcessStartInfo("sh", ["-c", $"while :; do cat '{kept}' > '{valid}'; sleep .2; done"]),
        };
        try
        {
            var (status, health, _) = await server.Send(HttpMethod.Get, "/health", null, address);
            Assert.Equal((503, "indexing", true, false),
                (status, (string?)health!["status"], (bool)health["model_ready"]!, (bool)health["index_ready"]!));
            Assert.Equal(200, (await server.Send(HttpMethod.Get, "/v1/models", null, address)).Status);
            var embedded = await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a fish" }, address);
            await server.PostWell("/rerank", JsonNode.Parse("""{"query":"a","documents":["b"]}""")!, address);
            var chat = await server.PostWell("/v1/chat/completions", Chat(null), address);
            Assert.False(chat.AsObject().ContainsKey("grounding"));
            Assert.Equal("index_not_ready", (string?)(await server.Fault(
                "/v1/chat/completions", Chat(true).ToJsonString(), 503, null, address))["code"]);
            Assert.Equal("index_not_ready", (string?)(await server.Fault(
                "/v1/complete", """{"head":"bird","relation":"kind_of"}""", 503, null, address))["code"]);
            Assert.Equal("index_not_ready", (string?)(await server.Fault(
                "/v1/entities", """{"text":"a cat"}""", 503, null, address))["code"]);
            using var listed = await server.Client.GetAsync(new Uri(address, "/v1/entities"), RunningServer.Cancellation);
            Assert.Equal(503, (int)listed.StatusCode);
            Assert.True(listed.Headers.RetryAfter!.Delta > TimeSpan.Zero);
            await using (var agent = await RunningMcp.Connect(slow))
            {
                await RunningMcp.CallWell(agent, "embed_texts", """{"texts":["a fish"]}""");
                Assert.Equal(
                    "the index of entities is being made; chats and embeddings are answered already; try again in 5 s",
                    await RunningMcp.Fault(agent, "complete_triple", """{"head":"bird","relation":"kind_of"}"""));
            }
            Assert.False(slow.Ready.IsCompleted);

            writer.Start();
            await slow.Ready.WaitAsync(RunningServer.Cancellation);
            Assert.Equal(200, (await server.Send(HttpMethod.Get, "/health", null, address)).Status);
            await server.PostWell("/v1/complete", JsonNode.Parse("""{"head":"bird","relation":"kind_of"}""")!, address);
            var again = await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a fish" }, address);
            Assert.Equal(embedded["data"]!.ToJsonString(), again["data"]!.ToJsonString());
        }
        finally
        {
            if (!slow.Ready.IsCompleted)
                writer.Start();
            await Task.WhenAny(slow.Ready, Task.Delay(TimeSpan.FromSeconds(10), RunningServer.Cancellation));
            writer.Kill(entireProcessTree: true);
        }

        static JsonNode Chat(bool? grounding) => new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What kind is bird8?" }),
            ["max_tokens"] = 4, ["grounding"] = grounding,
        };
    }

    [Fact]
    public async Task An_index_made_in_turns_with_chats_is_the_one_that_is_made_alone()
    {
        await using var busy = new KalmServer(server.Options() with { IndexFolder = server.File("busy-index") });
        await busy.Start(RunningServer.Cancellation);
        await busy.Host.Loaded.WaitAsync(RunningServer.Cancellation);
        var address = new Uri(busy.Urls[0]);
        while (!busy.Ready.IsCompleted)
            await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = new JsonArray("a fish", "a bird") }, address);
        await busy.Ready;
        var (alone, turns) = (server.Served.Index, busy.Host.Served.Index);
        foreach (var entity in Enumerable.Range(0, server.Graph.Entities.Count))
            Assert.Equal(alone.Vectors.Row(entity).ToArray(), turns.Vectors.Row(entity).ToArray());
        Assert.Equal(alone.Calibration.Temperature, turns.Calibration.Temperature);
    }
}
