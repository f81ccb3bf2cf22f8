using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Tests.Extensions;

namespace Kalm.Tests.Server;

/// <summary>Answers of a form, and calls of functions.</summary>
[Collection(nameof(RunningServer))]
public sealed class StructuredChatTests(RunningServer server) : IDisposable
{
    private const string Path = "/v1/chat/completions";
    private const string Schema = """
        {"type":"object","properties":{"kind":{"enum":["fish","bird"]},"legs":{"type":"integer","minimum":0,"maximum":8}},
        "required":["kind","legs"],"additionalProperties":false}
        """;

    // The test's model has little room for words about tools.
    private const string Brief = "{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.content }}"
        + "{{ '!' if m.tool_calls }};{% endfor %}";
    private readonly TemporaryFolder folder = new();

    private static JsonObject Ask(string fields) =>
        (JsonObject)JsonNode.Parse($$"""{"messages":[{"role":"user","content":"weather in Paris?"}],"max_tokens":150,{{fields}}}""")!;

    private static string Function(string name) =>
        $$$"""{"type":"function","function":{"name":"{{{name}}}","description":"d","parameters":{{{Schema}}}}}""";

    [Fact]
    public async Task A_schema_is_kept_to_streamed_or_not()
    {
        var body = Ask($$$"""
            "n":3,"temperature":1,"seed":1,
            "response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{{{Schema}}}}}
            """);
        var answer = await server.PostWell(Path, body);
        Assert.All(answer["choices"]!.AsArray(), choice => IsOfSchema((string)choice!["message"]!["content"]!));
        body["stream"] = true;
        var pieces = await Events.Of(server, Path, body);
        Assert.Equal(
            (string?)answer["choices"]![1]!["message"]!["content"],
            string.Concat(pieces.Where(piece => (int)piece["choices"]![0]!["index"]! == 1)
                .Select(piece => (string?)piece["choices"]![0]!["delta"]!["content"])));
    }

    [Fact]
    public async Task Any_object_can_be_asked_for()
    {
        var body = Ask("\"response_format\":{\"type\":\"json_object\"},\"temperature\":1");
        for (var seed = 0; seed < 5; seed++)
        {
            body["seed"] = seed;
            var choice = (await server.PostWell(Path, body))["choices"]![0]!;
            var text = (string)choice["message"]!["content"]!;
            Assert.StartsWith("{", text, StringComparison.Ordinal);
            if ((string?)choice["finish_reason"] == "stop")
                Assert.Equal(JsonValueKind.Object, JsonSerializer.Deserialize<JsonElement>(text).ValueKind);
        }
    }

    [Theory]
    [InlineData("""{"type":"array","uniqueItems":true}""", "uniqueItems")]
    [InlineData("""{"type":"string","pattern":"(?!a)b"}""", "pattern")]
    public async Task A_schema_that_is_not_supported_is_refused_by_its_word(string schema, string word)
    {
        var error = await server.Fault(Path, Ask($$"""
            "response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{{schema}} } }
            """).ToJsonString(), 400, "response_format");
        Assert.Contains(word, (string?)error["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"required\"", 1)]
    [InlineData("\"required\"", 3)]
    [InlineData("{\"type\":\"function\",\"function\":{\"name\":\"f1\"}}", 2)]
    public async Task A_function_that_must_be_called_is_called_with_arguments_of_its_schema(string choice, int count)
    {
        await using var brief = await RunningServer.Another(
            server.Options() with { Model = ChatFolder.Make(folder, server.Model, Brief) });
        var address = new Uri(brief.Urls[0]);
        var functions = string.Join(",", Enumerable.Range(1, count).Select(number => Function($"f{number}")));
        var body = Ask($"\"tools\":[{functions}],\"tool_choice\":{choice}");
        var answer = await server.PostWell(Path, body, address);
        var told = answer["choices"]![0]!;
        Assert.Equal("tool_calls", (string?)told["finish_reason"]);
        Assert.Null(told["message"]!["content"]);
        var call = told["message"]!["tool_calls"]!.AsArray().Single()!;
        Assert.StartsWith("call_", (string?)call["id"], StringComparison.Ordinal);
        Assert.Equal("function", (string?)call["type"]);
        Assert.Contains((string)call["function"]!["name"]!,
            (IEnumerable<string>)(choice.Contains("f1", StringComparison.Ordinal) ? ["f1"] : ["f1", "f2", "f3"]));
        IsOfSchema((string)call["function"]!["arguments"]!);

        body["stream"] = true;
        var pieces = (await Events.Of(server, Path, body, address)).Select(piece => piece["choices"]![0]!).ToList();
        var streamed = pieces.SelectMany(piece => piece["delta"]!["tool_calls"]?.AsArray() ?? []).Single()!;
        Assert.Equal(0, (int)streamed["index"]!);
        Assert.Equal(call["function"]!.ToJsonString(), streamed["function"]!.ToJsonString());
        Assert.Equal("tool_calls", (string?)pieces[^1]["finish_reason"]);

        // What was called goes back with its answer.
        var history = body["messages"]!.AsArray();
        history.Add(told["message"]!.DeepClone());
        history.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = (string)call["id"]!, ["content"] = "sunny" });
        var after = await server.PostWell(Path, new JsonObject { ["messages"] = history.DeepClone(), ["max_tokens"] = 2 }, address);
        Assert.Equal(brief.Host.Served.Model.Model.Tokenizer.Encode("weather in Paris?;!;sunny;").Length,
            (int)after["usage"]!["prompt_tokens"]!);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(",\"parameters\":null", "")]
    [InlineData("", ",{\"type\":\"function\",\"function\":{\"name\":\"now2\"}}")]
    public async Task A_function_without_parameters_is_called_with_none(string parameters, string other)
    {
        await using var brief = await RunningServer.Another(server.Options() with { Model = ChatFolder.Make(folder, server.Model, Brief) });
        var answer = await server.PostWell(Path, Ask($$$"""
            "temperature":1,"seed":4,"tool_choice":"required",
            "tools":[{"type":"function","function":{"name":"now"{{{parameters}}}}}{{{other}}}]
            """), new Uri(brief.Urls[0]));
        var call = Assert.Single(answer["choices"]![0]!["message"]!["tool_calls"]!.AsArray())!;
        Assert.Equal("{}", (string?)call["function"]!["arguments"]);
    }

    [Fact]
    public async Task An_answer_of_a_form_may_be_a_call_where_there_are_tools()
    {
        var body = Ask($$$"""
            "temperature":1,"tools":[{{{Function("f1")}}}],
            "response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"$ref":"#/$defs/b","$defs":{"b":{{{Schema}}} } } } }
            """);
        await using var brief = await RunningServer.Another(
            server.Options() with { Model = ChatFolder.Make(folder, server.Model, Brief) });
        var reasons = new HashSet<string>();
        for (var seed = 0; seed < 40 && reasons.Count < 2; seed++)
        {
            body["seed"] = seed;
            var choice = (await server.PostWell(Path, body, new Uri(brief.Urls[0])))["choices"]![0]!;
            var reason = (string)choice["finish_reason"]!;
            if (reason == "length")
                continue;
            reasons.Add(reason);
            IsOfSchema(reason == "stop" ? (string)choice["message"]!["content"]!
                : (string)choice["message"]!["tool_calls"]!.AsArray().Single()!["function"]!["arguments"]!);
        }
        Assert.Equal(["stop", "tool_calls"], reasons.Order());
    }

    [Fact]
    public async Task A_template_gets_tools_calls_and_answers()
    {
        const string Template = "{% for t in tools or [] %}T:{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}:"
            + "{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments.city }}{% else %}{{ m.content }}{% endif %};{% endfor %}";
        await using var chatting = await RunningServer.Another(
            server.Options() with { Model = ChatFolder.Make(folder, server.Model, Template) });
        var answer = await server.PostWell(Path, JsonNode.Parse($$$"""
            {"messages":[{"role":"user","content":"w"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",
            "function":{"name":"f1","arguments":"{\"city\":\"Paris\"}"}}]},{"role":"tool","tool_call_id":"c","content":"sunny"}],
            "tools":[{{{Function("f1")}}}],"max_tokens":1}
            """)!, new Uri(chatting.Urls[0]));
        Assert.Equal(chatting.Host.Served.Model.Model.Tokenizer.Encode("T:f1 user:w;assistant:Paris;tool:sunny;").Length,
            (int)answer["usage"]!["prompt_tokens"]!);
    }

    private static void IsOfSchema(string text)
    {
        var value = JsonSerializer.Deserialize<JsonElement>(text);
        var schema = JsonNode.Parse(Schema)!;
        Assert.True(Language.Generation.Grammar.JsonSchemaCheck.IsValid(value, schema, schema), text);
    }

    public void Dispose() => folder.Dispose();
}
