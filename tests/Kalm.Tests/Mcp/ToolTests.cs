using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server.Http;
using Kalm.Server.Routes;
using Kalm.Tests.Server;
using ModelContextProtocol;

namespace Kalm.Tests.Mcp;

[Collection(nameof(RunningServer))]
public class ToolTests(RunningMcp mcp) : IClassFixture<RunningMcp>
{
    private static readonly Dictionary<string, Type> Requests = new()
    {
        ["search_entities"] = typeof(SearchEntitiesRequest), ["get_entity"] = typeof(GetEntityRequest),
        ["complete_triple"] = typeof(CompleteRequest), ["verify_triple"] = typeof(VerifyRequest), ["explain"] = typeof(ExplainRequest),
        ["embed_texts"] = typeof(EmbedTextsRequest),
    };

    [Fact]
    public async Task Reading_tools_are_listed_with_titles_schemas_and_hints_and_no_writing_ones()
    {
        var tools = await mcp.Client.ListToolsAsync(cancellationToken: RunningServer.Cancellation);
        Assert.Equal(Requests.Keys.Order(), tools.Select(tool => tool.Name).Order());
        foreach (var tool in tools.Select(tool => tool.ProtocolTool))
        {
            Assert.NotEqual("", tool.Title);
            Assert.True(tool.Description!.Length > 60, tool.Name);
            var hints = tool.Annotations!;
            Assert.Equal((true, false, true, false),
                (hints.ReadOnlyHint, hints.DestructiveHint, hints.IdempotentHint, hints.OpenWorldHint));
            var input = JsonNode.Parse(tool.InputSchema.GetRawText())!;
            Assert.False((bool)input["additionalProperties"]!);
            Assert.Equal(
                Wire.Options.GetTypeInfo(Requests[tool.Name]).Properties.Where(property => !property.IsExtensionData)
                    .Select(property => property.Name).Order(),
                input["properties"]!.AsObject().Select(field => field.Key).Order());
            Assert.All(input["properties"]!.AsObject(), field => Assert.NotEqual("", (string?)field.Value!["description"]));
            Assert.Equal(JsonValueKind.Object, tool.OutputSchema!.Value.GetProperty("properties").ValueKind);
        }
        await Assert.ThrowsAsync<McpProtocolException>(() => RunningMcp.Call(mcp.Client, "add_entity", """{"text":"a cat"}"""));
    }

    [Theory]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of"}""", "/v1/complete")]
    [InlineData("complete_triple", """{"tail":"bird","relation":"kind of","top":3,"explain":0,"known":false}""", "/v1/complete")]
    [InlineData("complete_triple", """{"head":"bird16","tail":"bird","top":2}""", "/v1/complete")]
    [InlineData("complete_triple", """{"head":"owl, a bird of the night","relation":"kind_of","strict_types":true}""", "/v1/complete")]
    [InlineData("verify_triple", """{"head":"bird16","relation":"kind_of","tail":"fish","explain":2}""", "/v1/verify")]
    [InlineData("search_entities", """{"search":"FROG","limit":4}""", "/v1/entities?search=FROG&limit=4")]
    [InlineData("search_entities", """{"after":"bird40","limit":2}""", "/v1/entities?after=bird40&limit=2")]
    [InlineData("get_entity", """{"entity":"bird16","predict":2}""", "/v1/entities/bird16?predict=2")]
    public async Task A_tool_answers_what_the_route_answers_to_the_last_digit_and_as_its_schema_says(
        string tool, string arguments, string path)
    {
        var found = await RunningMcp.CallWell(mcp.Client, tool, arguments);
        var expected = path.StartsWith("/v1/entities", StringComparison.Ordinal)
            ? await mcp.Routes.GetWell(path) : await mcp.Routes.PostWell(path, JsonNode.Parse(arguments)!);
        Assert.Equal(expected.ToJsonString(), found.ToJsonString());
        SchemaCheck.Fits(await SchemaOf(tool), found);
    }

    [Fact]
    public async Task Explanations_are_those_of_a_verified_triple()
    {
        var found = await RunningMcp.CallWell(
            mcp.Client, "explain", """{"head":"bird16","relation":"kind_of","tail":"fish","limit":4}""");
        var verified = await mcp.Routes.PostWell(
            "/v1/verify", JsonNode.Parse("""{"head":"bird16","relation":"kind_of","tail":"fish","explain":4}""")!);
        foreach (var (name, value) in found.AsObject())
            Assert.Equal(verified[name]!.ToJsonString(), value!.ToJsonString());
        Assert.Equal(4, found["explanation"]!.AsArray().Count);
        SchemaCheck.Fits(await SchemaOf("explain"), found);
    }

    [Fact]
    public async Task Texts_have_the_vectors_that_the_route_gives_them()
    {
        var found = await RunningMcp.CallWell(mcp.Client, "embed_texts", """{"texts":["a fish","a bird of prey"]}""");
        var expected = await mcp.Routes.PostWell("/v1/embeddings", JsonNode.Parse("""{"input":["a fish","a bird of prey"]}""")!);
        Assert.Equal(
            expected["data"]!.AsArray().Select(item => item!["embedding"]!.ToJsonString()),
            found["vectors"]!.AsArray().Select(vector => vector!.ToJsonString()));
        Assert.Equal((int)expected["usage"]!["prompt_tokens"]!, (int)found["tokens"]!);
        SchemaCheck.Fits(await SchemaOf("embed_texts"), found);
    }

    [Fact]
    public async Task A_name_is_taken_where_an_id_is() =>
        Assert.Equal("frog5", (string?)(await RunningMcp.CallWell(mcp.Client, "get_entity", """{"entity":"FROG5","predict":0}"""))["id"]);

    [Theory]
    [InlineData("complete_triple", """{"head":"bird16"}""", "found 1 of head, relation and tail", "expected two")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kindof"}""", "relation: ", "kind_of")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","top":0}""", "top: found 0", "1..200")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","top":"five"}""",
        "top: found a text", "a whole number in 1..200")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","top":2.5}""", "top: found 2.5", "a whole number")]
    [InlineData("complete_triple", """{"head":["a"],"relation":"kind_of"}""", "head: found a list", "a text")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","facts":"yes"}""", "facts: found a text", "true or false")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","depth":3}""", "depth", "expected only head, relation, tail")]
    [InlineData("complete_triple", """{"head":"bird16","relation":"kind_of","rerank":true}""", "rerank: ", "re-ranker")]
    [InlineData("get_entity", """{}""", "entity is missing", "a text")]
    [InlineData("get_entity", """{"entity":null}""", "entity is missing", "a text")]
    [InlineData("get_entity", """{"entity":"frog 5"}""", "there is no entity 'frog 5'", "'frog'")]
    [InlineData("get_entity", """{"entity":"frog5","predict":21}""", "predict: found 21", "0..20")]
    [InlineData("search_entities", """{"search":"a","after":"b"}""", "after: found search too", "expected one of them")]
    [InlineData("search_entities", """{"search":" "}""", "search is blank", "expected a text")]
    [InlineData("verify_triple", """{"head":"bird16","relation":"kind_of"}""", "tail is missing", "")]
    [InlineData("explain", """{"head":"bird16","relation":"kind_of","tail":"bird","limit":11}""", "limit: found 11", "1..10")]
    [InlineData("embed_texts", """{"texts":[]}""", "texts: found 0 texts", "1..256")]
    [InlineData("embed_texts", """{"texts":"a"}""", "texts: found a text", "a list of 1..256 texts")]
    [InlineData("embed_texts", """{"texts":["a",""]}""", "texts[1]: found an empty text", "at least one token")]
    public async Task Faults_are_errors_of_the_tool_that_name_the_argument_what_was_found_and_what_was_expected(
        string tool, string arguments, string found, string expected)
    {
        var words = await RunningMcp.Fault(mcp.Client, tool, arguments);
        Assert.Contains(found, words, StringComparison.Ordinal);
        Assert.Contains(expected, words, StringComparison.Ordinal);
        Assert.DoesNotContain("Kalm.", words, StringComparison.Ordinal);
    }

    private async Task<JsonNode> SchemaOf(string tool) => JsonNode.Parse(
        (await mcp.Client.ListToolsAsync(cancellationToken: RunningServer.Cancellation)).Single(listed => listed.Name == tool)
            .ProtocolTool.OutputSchema!.Value.GetRawText())!;
}
