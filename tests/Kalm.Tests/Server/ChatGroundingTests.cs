using System.Text;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Server;

/// <summary>Chats that the graph answers.</summary>
[Collection(nameof(RunningServer))]
public class ChatGroundingTests(RunningServer server)
{
    private const string Path = "/v1/chat/completions";
    private const string Question = "What kind is bird0?";

    private static JsonObject Ask(string question) => new()
    {
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }), ["max_tokens"] = 6,
    };

    [Fact]
    public async Task What_the_graph_holds_is_the_answer_and_its_facts_are_annotations()
    {
        var answer = await server.PostWell(Path, Ask(Question));
        var message = answer["choices"]![0]!["message"]!;
        Assert.Equal("bird", (string?)message["content"]);
        Assert.Equal("stop", (string?)answer["choices"]![0]!["finish_reason"]);
        var annotation = message["annotations"]!.AsArray().Single()!;
        Assert.Equal("kalm_fact", (string?)annotation["type"]);
        var fact = annotation["kalm_fact"]!;
        Assert.Equal(("bird0", "kind_of", "bird", "graph", 1.0),
            ((string?)fact["head"]!["id"], (string?)fact["relation"]!["id"], (string?)fact["tail"]!["id"], (string?)fact["source"],
                (double)fact["probability"]!));
        Assert.Equal("graph", (string?)answer["grounding"]!["kind"]);
        Assert.Equal(server.Served.Model.Model.Tokenizer.Encode("bird").Length, (int)answer["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task A_stream_has_the_facts_in_the_last_delta()
    {
        var body = Ask(Question);
        body["stream"] = true;
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(new Uri(Path, UriKind.Relative), content, RunningServer.Cancellation);
        var events = (await response.Content.ReadAsStringAsync(RunningServer.Cancellation))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..]).ToList();
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(data => JsonNode.Parse(data)!).ToList();
        Assert.Equal("bird", string.Concat(chunks.Select(chunk => (string?)chunk["choices"]![0]!["delta"]!["content"])));
        Assert.Equal("bird0", (string?)chunks[^1]["choices"]![0]!["delta"]!["annotations"]![0]!["kalm_fact"]!["head"]!["id"]);
        Assert.Equal("graph", (string?)chunks[^1]["grounding"]!["kind"]);
        Assert.All(chunks.SkipLast(1), chunk => Assert.Null(chunk["grounding"]));
    }

    [Fact]
    public async Task Who_does_not_want_it_gets_the_models_own_words()
    {
        var own = Ask(Question);
        own["grounding"] = false;
        var answer = await server.PostWell(Path, own);
        Assert.Null(answer["grounding"]);
        Assert.Null(answer["choices"]![0]!["message"]!["annotations"]);
        foreach (var (field, value) in new (string, JsonNode)[]
        {
            ("tools", new JsonArray()), ("response_format", new JsonObject { ["type"] = "text" }),
        })
        {
            var body = Ask(Question);
            body[field] = value;
            Assert.Equal(answer["choices"]!.ToJsonString(), (await server.PostWell(Path, body))["choices"]!.ToJsonString());
        }
        await using var never = await RunningServer.Another(server.Options() with { IsGrounding = false });
        Assert.Equal(
            answer["choices"]!.ToJsonString(),
            (await server.PostWell(Path, Ask(Question), new Uri(never.Urls[0])))["choices"]!.ToJsonString());
    }

    [Fact]
    public async Task What_the_graph_cannot_answer_is_left_to_the_model_and_marked_so()
    {
        var answer = await server.PostWell(Path, Ask("What is the capital of bird0?"));
        Assert.Equal("words", (string?)answer["grounding"]!["kind"]);
        Assert.NotEqual("", (string?)answer["grounding"]!["reason"]);
        var own = Ask("What is the capital of bird0?");
        own["grounding"] = false;
        Assert.Equal(answer["choices"]!.ToJsonString(), (await server.PostWell(Path, own))["choices"]!.ToJsonString());
    }

    [Fact]
    public async Task A_missing_fact_is_ranked_on_the_models_thread()
    {
        const string Missing = "Does bird8 live with fish9?";
        var completer = server.Served.Completer;
        Assert.NotNull(completer.Grounder.Read(Missing).Subject);
        var expected = await server.Served.Call(_ => completer.Grounder.Answer(Missing, completer), RunningServer.Cancellation);
        var answer = await server.PostWell(Path, Ask(Missing));
        Assert.Equal(expected.Kind.ToString().ToLowerInvariant(), (string?)answer["grounding"]!["kind"]);
        Assert.Equal("lives_with", (string?)answer["grounding"]!["relation"]!["id"]);
    }
}
