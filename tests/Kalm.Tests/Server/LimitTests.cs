using System.Text;
using System.Text.Json.Nodes;
using Kalm.Extensions;
using Kalm.Server;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class LimitTests(RunningServer server)
{
    [Fact]
    public async Task What_is_too_much_is_refused()
    {
        await using var strict = await RunningServer.Another(server.Options(new ServerLimits
        {
            BodyBytes = 4000, TextCharacters = 100, Inputs = 2, Messages = 2,
            NewTokens = 5, Choices = 2, Stops = 1, StopCharacters = 3, Answers = 4,
        }));
        var address = new Uri(strict.Urls[0]);
        var longText = new string('a', 101);
        const string Question = """{"role":"user","content":"a"}""";
        await server.Fault("/v1/embeddings", $$"""{"input":"{{new string('a', 5000)}}"}""", 413, null, address);
        await server.Fault("/v1/embeddings", $$"""{"input":"{{longText}}"}""", 400, "input", address);
        await server.Fault("/v1/embeddings", """{"input":["a","b","c"]}""", 400, "input", address);
        await server.Fault("/v1/complete", $$"""{"head":"{{longText}}","relation":"kind_of"}""", 400, "head", address);
        await server.Fault("/v1/complete", """{"head":"bird","relation":"kind_of","top":5}""", 400, "top", address);
        await server.Fault("/v1/entities", $$"""{"text":"{{longText}}"}""", 400, "text", address);
        await server.Fault("/v1/chat/completions", $$"""{"messages":[{{Question}},{{Question}},{{Question}}]}""", 400, "messages", address);
        await server.Fault("/v1/chat/completions", $$"""{"messages":[{{Question}}],"n":3}""", 400, "n", address);
        await server.Fault("/v1/chat/completions", $$"""{"messages":[{{Question}}],"stop":["a","b"]}""", 400, "stop", address);
        await server.Fault("/v1/chat/completions", $$"""{"messages":[{{Question}}],"stop":"abcd"}""", 400, "stop", address);
        // More tokens than there are is no fault, as the context may leave fewer too.
        foreach (var more in (string[])["\"n\":1", "\"max_tokens\":6", "\"max_completion_tokens\":1000000"])
            Assert.Equal(
                5, (int)(await server.PostWell("/v1/chat/completions",
                    JsonNode.Parse($$"""{"messages":[{{Question}}],"stop":"abc",{{more}}}""")!, address))["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task Limits_are_told_and_those_of_bodies_are_what_clients_send()
    {
        var told = await server.GetWell("/v1/limits");
        var limits = new ServerLimits();
        Assert.Equal(server.Served.Model.Model.Config.ContextLength, (int)told["context"]!);
        Assert.Equal((limits.BodyBytes, limits.JsonDepth, limits.Inputs, 200),
            ((long)told["body_bytes"]!, (int)told["json_depth"]!, (int)told["inputs"]!, (int)told["answers"]!));
        Assert.Null(told["chat_seconds"]);
        Assert.Equal((limits.Chats, limits.PrefixBytes), ((int)told["chats"]!, (long)told["prefix_bytes"]!));
        Assert.True(limits.BodyBytes >= 32 << 20 && limits.JsonDepth >= 64 && limits.Inputs >= 2048);
        var deep = $$"""{"input":"a","other":{{new string('[', 40)}}{{new string(']', 40)}}}""";
        Assert.Equal("unknown_field", (string?)(await server.Fault("/v1/embeddings", deep, 400, "other"))["code"]);
        await using var flat = await RunningServer.Another(server.Options(new ServerLimits { JsonDepth = 4 }));
        Assert.Equal("invalid_json", (string?)(await server.Fault("/v1/embeddings", deep, 400, null, new Uri(flat.Urls[0])))["code"]);
        var large = new JsonObject { ["input"] = "a", ["user"] = new string('u', 3 << 20) };
        await server.PostWell("/v1/embeddings", large);
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        using var content = new StringContent("""{"input":"a"}""", Encoding.UTF8, "text/plain");
        using var response = await server.Client.PostAsync(
            new Uri("/v1/embeddings", UriKind.Relative), content, RunningServer.Cancellation);
        Assert.Equal(415, (int)response.StatusCode);
        RunningServer.IsError(JsonNode.Parse(await response.Content.ReadAsStringAsync(RunningServer.Cancellation)));
    }

    [Fact]
    public async Task A_full_queue_refuses_with_a_time_to_try_again_and_recovers()
    {
        await using var narrow = await RunningServer.Another(server.Options(new ServerLimits { Queue = 2 }));
        var address = new Uri(narrow.Urls[0]);
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var busy = narrow.Host.Served.Call(
            _ =>
            {
                begun.Set();
                return gate.Wait(TimeSpan.FromSeconds(20));
            }, RunningServer.Cancellation);
        begun.Wait(RunningServer.Cancellation);
        var waiting = Enumerable.Range(0, 2)
            .Select(_ => server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a" }, address)).ToList();
        while (narrow.Host.Waiting < 2)
            await Task.Delay(5, RunningServer.Cancellation);

        using var content = new StringContent("""{"input":"a"}""", Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(new Uri(address, "/v1/embeddings"), content, RunningServer.Cancellation);
        Assert.Equal(429, (int)response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        RunningServer.IsError(JsonNode.Parse(await response.Content.ReadAsStringAsync(RunningServer.Cancellation)));
        gate.Set();
        Assert.True(await busy);
        await Task.WhenAll(waiting);
        await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a" }, address);
    }

    [Fact]
    public async Task What_has_waited_too_long_is_refused()
    {
        await using var impatient = await RunningServer.Another(
            server.Options(new ServerLimits { QueueTime = TimeSpan.FromMilliseconds(50) }));
        var busy = impatient.Host.Served.Call(
            _ =>
            {
                Thread.Sleep(300);
                return 0;
            }, RunningServer.Cancellation);
        Assert.True(
            (await Assert.ThrowsAsync<ModelUnavailableException>(
                () => impatient.Host.Served.Call(_ => 1, RunningServer.Cancellation))).IsBusy);
        await busy;
        Assert.Equal(2, await impatient.Host.Served.Call(_ => 2, RunningServer.Cancellation));
    }

    [Fact]
    public async Task A_chat_ends_when_its_time_is_over()
    {
        await using var hasty = await RunningServer.Another(server.Options(new ServerLimits { ChatTime = TimeSpan.Zero }));
        var answer = await server.PostWell(
            "/v1/chat/completions", JsonNode.Parse("""{"messages":[{"role":"user","content":"a"}],"max_tokens":100,"n":2}""")!,
            new Uri(hasty.Urls[0]));
        Assert.All(answer["choices"]!.AsArray(), choice => Assert.Contains((string?)choice!["finish_reason"], new[] { "length", "stop" }));
        Assert.InRange((int)answer["usage"]!["completion_tokens"]!, 1, 4);
    }
}
