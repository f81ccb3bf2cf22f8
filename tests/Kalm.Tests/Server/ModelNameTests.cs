using System.Text.Json.Nodes;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class ModelNameTests(RunningServer server)
{
    [Fact]
    public async Task A_model_is_found_by_its_name_with_what_it_can_read()
    {
        var model = await server.GetWell("/v1/models/base");
        Assert.Equal(("base", "model"), ((string?)model["id"], (string?)model["object"]));
        Assert.Equal(server.Served.Model.Model.Config.ContextLength, (int)model["max_model_len"]!);
        Assert.Equal(32, (int)model["embedding_length"]!);
        var (status, body, _) = await server.Send(HttpMethod.Get, "/v1/models/gpt-4o");
        Assert.Equal(404, status);
        RunningServer.IsError(body);
        Assert.Equal("model_not_found", (string?)body!["error"]!["code"]);
    }

    [Fact]
    public async Task Names_of_ones_own_take_the_place_of_the_folders_and_slashes_may_be_escaped()
    {
        await using var named = await RunningServer.Another(server.Options() with { Names = ["org/world", "gpt-4o"] });
        var address = new Uri(named.Urls[0]);
        var (_, list, _) = await server.Send(HttpMethod.Get, "/v1/models", null, address);
        Assert.Equal(["org/world", "gpt-4o"], list!["data"]!.AsArray().Select(model => (string)model!["id"]!));
        foreach (var path in new[] { "org/world", "org%2Fworld", "gpt-4o" })
        {
            var (status, model, _) = await server.Send(HttpMethod.Get, $"/v1/models/{path}", null, address);
            Assert.Equal((200, "org/world"), (status, (string?)model!["root"]));
        }
        foreach (var name in new[] { "org/world", "gpt-4o" })
        {
            var answer = await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a", ["model"] = name }, address);
            Assert.Equal("org/world", (string?)answer["model"]);
        }
        foreach (var (path, body) in new[]
        {
            ("/v1/embeddings", """{"input":"a","model":"base"}"""), ("/v1/rerank", """{"query":"a","documents":["b"],"model":"base"}"""),
            ("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"model":"base"}"""),
        })
            Assert.Equal("model_not_found", (string?)(await server.Fault(path, body, 404, "model", address))["code"]);
    }
}
