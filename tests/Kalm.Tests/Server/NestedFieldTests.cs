using System.Text.Json.Nodes;

namespace Kalm.Tests.Server;

/// <summary>Fields inside messages, parts, tools, formats and items are used, or refused by where they stand; what clients send beside them
/// and changes no answer is taken.</summary>
[Collection(nameof(RunningServer))]
public class NestedFieldTests(RunningServer server)
{
    private const string Chats = "/v1/chat/completions";
    private const string Question = """{"role":"user","content":"a"}""";

    [Theory]
    [InlineData("""{"role":"user","content":"a","images":["x"]}""", "messages[1].images")]
    [InlineData("""{"role":"user","content":"a","reasoning_content":"x"}""", "messages[1].reasoning_content")]
    [InlineData("""{"role":"assistant","content":"a","audio":{"id":"x"}}""", "messages[1].audio")]
    [InlineData("""{"role":"assistant","content":"a","function_call":{"name":"f","arguments":""}}""", "messages[1].function_call")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]}""",
        "messages[1].content[1].image_url")]
    [InlineData("""{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"d"}}]}""", "messages[1].content[0].input_audio")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"a","lang":"fr"}]}""", "messages[1].content[0].lang")]
    [InlineData("""{"role":"user","content":[{"type":"text"}]}""", "messages[1].content[0].text")]
    [InlineData("""{"role":"user","content":[{"text":"a"}]}""", "messages[1].content[0]")]
    [InlineData("""{"role":"user","content":["a"]}""", "messages[1].content[0]")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f"}}]}""",
        "messages[1].tool_calls[0].custom")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]}""", "messages[1].tool_calls[0].type")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","input":{}}}]}""",
        "messages[1].tool_calls[0].function.input")]
    public async Task What_a_message_holds_is_refused_by_its_place(string message, string param) =>
        await server.Fault(Chats, $$"""{"messages":[{{Question}},{{message}}],"max_tokens":1}""", 400, param);

    [Theory]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}",
        "stream_options.continuous_usage_stats")]
    [InlineData("\"response_format\":{\"type\":\"text\",\"schema\":{}}", "response_format.schema")]
    [InlineData("\"response_format\":{\"type\":\"json_object\",\"strict\":true}", "response_format.strict")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{},\"scheme\":{}}}",
        "response_format.json_schema.scheme")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"schema\":{},\"json_schema\":{\"name\":\"a\",\"schema\":{}}}",
        "response_format.schema")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parametres\":{}}}]", "tools[0].function.parametres")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"},\"server\":\"s\"}]", "tools[0].server")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":\"yes\"}}]", "tools[0].function.strict")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":7}}]", "tools[0].function.description")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
        + "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\",\"times\":2}}", "tool_choice.function.times")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
        + "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\",\"times\":2}", "tool_choice.times")]
    public async Task What_a_request_holds_is_refused_by_its_place(string fields, string param) =>
        await server.Fault(Chats, $$"""{"messages":[{{Question}}],"max_tokens":1,{{fields}}}""", 400, param);

    [Theory]
    [InlineData("""{"role":"user","content":"a","audience":"x"}""", "input[0].audience")]
    [InlineData("""{"role":"user","content":[{"type":"input_image","image_url":"u"}]}""", "input[0].content[0].image_url")]
    [InlineData("""{"type":"function_call","call_id":"c","name":"f","arguments":"{}","input":1}""", "input[0].input")]
    [InlineData("""{"type":"function_call_output","call_id":"c","output":"a","error":"e"}""", "input[0].error")]
    public async Task What_an_item_holds_is_refused_by_its_place(string item, string param) =>
        await server.Fault("/v1/responses", $$"""{"input":[{{item}}],"max_output_tokens":1}""", 400, param);

    [Theory]
    [InlineData("""{"role":"user","content":"a","name":"Ada","audio":null,"cache_control":{"type":"ephemeral"}}""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}""")]
    [InlineData("""
        {"role":"assistant","content":"a","refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":null,"parsed":null}
        """)]
    [InlineData("""
        {"role":"assistant","content":"a","reasoning_content":"r","reasoning":"r","thinking_blocks":[],"provider_specific_fields":{}}
        """)]
    [InlineData("""
        {"role":"assistant","content":null,"tool_calls":[{"id":"c","index":0,"type":"function","function":
        {"name":"f","arguments":"{}","parsed_arguments":{}}}]}
        """)]
    public async Task What_clients_send_beside_it_changes_nothing(string message) => Assert.NotNull((await server.PostWell(
        Chats, JsonNode.Parse($$"""{"messages":[{{message}},{{Question}}],"max_tokens":1}""")!))["choices"]);

    [Theory]
    [InlineData("\"reasoning\":{\"effort\":null,\"summary\":null},\"include\":[ ]")]
    [InlineData("\"include\":[\"reasoning.encrypted_content\"],\"store\":false")]
    [InlineData("""
        "text":{"format":{"type":"json_schema","name":"a","description":"d","strict":true,"schema":{"enum":[1]}}}
        """)]
    public async Task What_clients_of_responses_send_is_taken(string fields) => Assert.NotNull((await server.PostWell("/v1/responses",
        JsonNode.Parse($$"""
        {"input":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":
        [{"type":"output_text","text":"a","annotations":[],"logprobs":[]}]},{{Question}}],"max_output_tokens":9,{{fields}}}
        """)!))["output"]);

    [Fact]
    public async Task A_refusal_is_what_the_assistant_said()
    {
        async Task<int> Tokens(string message) => (int)(await server.PostWell(Chats, JsonNode.Parse(
            $$"""{"messages":[{"role":"user","content":"b"},{{message}},{{Question}}],"max_tokens":1}""")!))["usage"]!["prompt_tokens"]!;

        var said = await Tokens("""{"role":"assistant","content":"I cannot tell"}""");
        Assert.Equal(said, await Tokens("""{"role":"assistant","content":null,"refusal":"I cannot tell"}"""));
        Assert.Equal(said, await Tokens("""{"role":"assistant","content":[{"type":"refusal","refusal":"I cannot tell"}]}"""));
        Assert.NotEqual(said, await Tokens("""{"role":"assistant","content":null}"""));
    }

    [Fact]
    public async Task A_schema_beside_json_object_is_kept_to() => Assert.Contains(
        (string)(await server.PostWell(Chats, JsonNode.Parse($$$"""
            {"messages":[{{{Question}}}],"max_tokens":9,"response_format":{"type":"json_object","schema":{"enum":["x","y"]} } }
            """)!))["choices"]![0]!["message"]!["content"]!, new[] { "\"x\"", "\"y\"" });

    [Theory]
    [InlineData("/v1/rerank", """{"query":"a","documents":[{"\udc00":"b"}]}""")]
    [InlineData(Chats, """
        {"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"a":"\ud800"}}}]}
        """)]
    [InlineData("/v1/responses", """{"input":"a","text":{"format":{"type":"text"},"\udc00":1}}""")]
    public async Task Half_a_character_is_refused_wherever_it_stands(string path, string body) =>
        Assert.Equal("invalid_json", (string?)(await server.Fault(path, body))["code"]);

    [Theory]
    [InlineData("/v1/entities?serach=a", "serach")]
    [InlineData("/v1/facts?before=1", "before")]
    [InlineData("/v1/suggestions?relations=a", "relations")]
    public async Task A_parameter_of_the_query_that_is_not_known_is_refused(string path, string param)
    {
        var (status, body, _) = await server.Send(HttpMethod.Get, path);
        Assert.Equal((400, param), (status, (string?)body!["error"]!["param"]));
    }
}
