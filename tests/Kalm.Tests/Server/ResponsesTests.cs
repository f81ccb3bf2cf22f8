using System.Text.Json.Nodes;
using Kalm.Tests.Extensions;

namespace Kalm.Tests.Server;

/// <summary>Chats in the shape of OpenAI's responses.</summary>
[Collection(nameof(RunningServer))]
public sealed class ResponsesTests(RunningServer server) : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private const string Path = "/v1/responses";
    private const string Tool = """
        {"type":"function","name":"f","strict":true,"parameters":{"type":"object","properties":{"n":{"type":"integer","maximum":9,"minimum":0}},
        "required":["n"],"additionalProperties":false}}
        """;

    [Fact]
    public async Task An_answer_is_the_chats()
    {
        var chat = await server.PostWell("/v1/chat/completions", JsonNode.Parse("""
            {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Go on"}],"max_tokens":9,"grounding":false}
            """)!);
        foreach (var input in (string[])["\"Go on\"", """[{"role":"user","content":[{"type":"input_text","text":"Go on"}]}]"""])
        {
            var answer = await server.PostWell(
                Path, JsonNode.Parse($$"""{"input":{{input}},"instructions":"Be brief.","max_output_tokens":9}""")!);
            Assert.Equal("response", (string?)answer["object"]);
            var item = answer["output"]!.AsArray().Single()!;
            Assert.Equal(("message", "assistant"), ((string?)item["type"], (string?)item["role"]));
            Assert.Equal((string?)chat["choices"]![0]!["message"]!["content"], (string?)item["content"]![0]!["text"]);
            Assert.Equal((string?)chat["choices"]![0]!["finish_reason"] == "length" ? "incomplete" : "completed", (string?)answer["status"]);
            Assert.Equal((int)chat["usage"]!["total_tokens"]!, (int)answer["usage"]!["total_tokens"]!);
        }
    }

    [Fact]
    public async Task Events_come_in_order_and_tell_the_same()
    {
        var body = JsonNode.Parse("""{"input":"Go on","max_output_tokens":9}""")!;
        var whole = await server.PostWell(Path, body);
        body["stream"] = true;
        var events = await Events.Of(server, Path, body);
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(happened => (int)happened["sequence_number"]!));
        Assert.Equal(
            [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
                $"response.{whole["status"]}",
            ],
            events.Select(happened => (string)happened["type"]!).Distinct());
        Assert.Equal((string?)whole["output"]![0]!["content"]![0]!["text"],
            string.Concat(events.Where(happened => (string?)happened["type"] == "response.output_text.delta")
                .Select(happened => (string?)happened["delta"])));
        Assert.Equal((int)whole["usage"]!["total_tokens"]!, (int)events[^1]["response"]!["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Functions_are_called_and_their_answers_taken()
    {
        // The test's model has little room for words about tools.
        await using var brief = await RunningServer.Another(server.Options() with
        {
            Model = ChatFolder.Make(folder, server.Model, "{% for m in messages %}{{ m.content }};{% endfor %}{# tools, tool_calls #}"),
        });
        var address = new Uri(brief.Urls[0]);
        var body = JsonNode.Parse($$"""{"input":"Go on","max_output_tokens":60,"tools":[{{Tool}}],"tool_choice":"required"}""")!;
        var call = (await server.PostWell(Path, body, address))["output"]!.AsArray().Single()!;
        Assert.Equal(("function_call", "f"), ((string?)call["type"], (string?)call["name"]));
        Assert.InRange((int)JsonNode.Parse((string)call["arguments"]!)!["n"]!, 0, 9);
        body["stream"] = true;
        var events = await Events.Of(server, Path, body, address);
        Assert.Equal(
            ["response.created", "response.in_progress", "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done", "response.completed"],
            events.Select(happened => (string)happened["type"]!));
        body["stream"] = false;
        body["tool_choice"] = "auto";
        body["input"] = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = "Go on" }, call.DeepClone(),
            new JsonObject { ["type"] = "function_call_output", ["call_id"] = (string)call["call_id"]!, ["output"] = "7" });
        await server.PostWell(Path, body, address);
    }

    [Fact]
    public async Task A_form_is_kept_to() => Assert.Contains(
        (string)(await server.PostWell(Path, JsonNode.Parse("""
            {"input":"Go on","text":{"format":{"type":"json_schema","name":"a","schema":{"enum":["x","y"]}}}}
            """)!))["output"]![0]!["content"]![0]!["text"]!, new[] { "\"x\"", "\"y\"" });

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":[{"type":"reasoning"}]}""", "input[0].type")]
    [InlineData("""{"input":[{"role":"robot","content":"a"}]}""", "input[0].role")]
    [InlineData("""{"input":"a","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"input":"a","background":true}""", "background")]
    [InlineData("""{"input":"a","truncation":"auto"}""", "truncation")]
    [InlineData("""{"input":"a","text":{"format":{"type":"grammar"}}}""", "text.format.type")]
    [InlineData("""{"input":"a","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    public async Task Faults_are_told(string body, string param) => await server.Fault(Path, body, 400, param);

    public void Dispose() => folder.Dispose();
}
