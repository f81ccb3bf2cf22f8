using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Kalm.Representation;
using Kalm.Server;
using Kalm.Server.Routes;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class EmbeddingsTests(RunningServer server)
{
    private const string Path = "/v1/embeddings";

    [Fact]
    public async Task A_text_is_embedded_as_the_index_embeds_it()
    {
        string[] texts = [server.Graph.Entities[3].Description, server.Graph.Entities[40].Description];
        var numbers = await server.PostWell(Path, new JsonObject { ["input"] = new JsonArray(texts[0], texts[1]), ["model"] = "base" });
        var bytes = await server.PostWell(
            Path, new JsonObject { ["input"] = new JsonArray(texts[0], texts[1]), ["encoding_format"] = "base64" });
        var tokens = server.Served.Model.Wording.Description(texts[0]);
        await using var taking = await RunningServer.Another(server.Options() with { TakesTokenIds = true });
        var ids = await server.PostWell(
            Path, new JsonObject { ["input"] = new JsonArray([.. tokens.Select(token => (JsonNode)token)]) }, new Uri(taking.Urls[0]));
        foreach (var (place, entity) in new[] { (0, 3), (1, 40) })
        {
            var expected = server.Served.Index.Vectors.Row(entity).ToArray();
            var found = numbers["data"]![place]!["embedding"]!.AsArray().Select(number => (float)number!).ToArray();
            Assert.Equal(place, (int)numbers["data"]![place]!["index"]!);
            IsClose(expected, found);
            Assert.Equal(
                found, MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)bytes["data"]![place]!["embedding"]!)).ToArray());
        }
        IsClose(server.Served.Index.Vectors.Row(3).ToArray(),
            [.. ids["data"]![0]!["embedding"]!.AsArray().Select(number => (float)number!)]);
        Assert.Equal(tokens.Length, (int)ids["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task A_long_text_is_read_whole_and_counted()
    {
        var opening = string.Join(' ', Enumerable.Repeat("fish", 100));
        var found = await server.PostWell(Path, new JsonObject { ["input"] = new JsonArray($"{opening} bird", $"{opening} worm") });
        var wording = server.Served.Model.Wording;
        var tokens = wording.Text($"{opening} bird").Length + wording.Text($"{opening} worm").Length;
        Assert.True(tokens > 2 * new WordingOptions().MaximumTextTokens);
        Assert.Equal(tokens, (int)found["usage"]!["total_tokens"]!);
        Assert.NotEqual(Vector(found, 0), Vector(found, 1));
    }

    [Fact]
    public async Task A_text_that_fills_the_context_is_embedded_and_one_token_more_is_refused_with_its_place()
    {
        var context = server.Served.Model.Model.Config.ContextLength;
        var room = new WholeTexts(server.Served.Model, new ServerLimits()).Room([]);
        Assert.InRange(room, 1, context - 1);
        await using var taking = await RunningServer.Another(server.Options() with { TakesTokenIds = true });
        var address = new Uri(taking.Urls[0]);
        var full = await server.PostWell(Path, Ids(room), address);
        Assert.Equal(room, (int)full["usage"]!["prompt_tokens"]!);
        Assert.Equal(1, Vector(full, 0).Sum(value => (double)value * value), 1e-4);
        var fault = await server.Fault(Path, Ids(room + 1).ToJsonString(), 400, "input", address);
        Assert.Equal("context_length_exceeded", (string?)fault["code"]);
        var tooLong = await server.Fault(
            Path, new JsonObject { ["input"] = new JsonArray("a", string.Concat(Enumerable.Repeat("fish ", 100_000))) }.ToJsonString(), 400,
            "input");
        Assert.Equal("context_length_exceeded", (string?)tooLong["code"]);
        Assert.Matches(@"^input\[1\]: found \d+ tokens; expected at most \d+: this model's maximum context length is \d+ tokens",
            (string)tooLong["message"]!);

        static JsonObject Ids(int count) => new()
        {
            ["input"] = new JsonArray([.. Enumerable.Repeat(5, count).Select(id => (JsonNode)id)]),
        };
    }

    [Fact]
    public async Task Ten_thousand_texts_are_one_request()
    {
        var texts = Enumerable.Range(0, 10_000).Select(number => $"fish {number}").ToArray();
        var many = await server.PostWell(Path, new JsonObject
        {
            ["input"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]), ["encoding_format"] = "base64",
        });
        Assert.Equal(texts.Length, many["data"]!.AsArray().Count);
        var one = await server.PostWell(Path, new JsonObject { ["input"] = texts[7777] });
        Assert.Equal(7777, (int)many["data"]![7777]!["index"]!);
        IsClose(Vector(one, 0), MemoryMarshal.Cast<byte, float>(
            Convert.FromBase64String((string)many["data"]![7777]!["embedding"]!)).ToArray());
    }

    [Fact]
    public async Task Token_ids_are_refused_unless_asked_for_because_clients_send_those_of_another_tokenizer()
    {
        foreach (var input in new[] { "[1,2,3]", "[[1],[2,3]]" })
        {
            var fault = await server.Fault(Path, $$"""{"input":{{input}}}""", 400, "input");
            Assert.Equal("token_ids_refused", (string?)fault["code"]);
            Assert.Contains("check_embedding_ctx_length=False", (string?)fault["message"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"input":"a","user":"somebody","input_type":"query","dimensions":32}""")]
    [InlineData("""{"input":"a","truncate_prompt_tokens":null,"encoding_format":null}""")]
    public async Task What_clients_send_beside_it_is_taken_where_it_changes_nothing(string body) =>
        await server.PostWell(Path, JsonNode.Parse(body)!);

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":""}""", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":[[]]}""", "input")]
    [InlineData("""{"input":["a",1]}""", "input")]
    [InlineData("""{"input":[1,"a"]}""", "input")]
    [InlineData("""{"input":[1,-1]}""", "input")]
    [InlineData("""{"input":[1,2.5]}""", "input")]
    [InlineData("""{"input":[[999999]]}""", "input")]
    [InlineData("""{"input":{"a":1}}""", "input")]
    [InlineData("""{"input":"a\udc00"}""", "input")]
    [InlineData("""{"input":"a","encoding_format":"hex"}""", "encoding_format")]
    [InlineData("""{"input":"a","dimensions":7}""", "dimensions")]
    [InlineData("""{"input":"a","truncate_prompt_tokens":5}""", "truncate_prompt_tokens")]
    [InlineData("""{"input":"a","input_type":"picture"}""", "input_type")]
    public async Task Faults_are_told(string body, string param) => await server.Fault(Path, body, 400, param);

    [Fact]
    public async Task Another_models_name_is_not_found() =>
        Assert.Equal("model_not_found", (string?)(await server.Fault(Path, """{"input":"a","model":"gpt"}""", 404, "model"))["code"]);

    private static float[] Vector(JsonNode answer, int place) =>
        [.. answer["data"]![place]!["embedding"]!.AsArray().Select(number => (float)number!)];

    private static void IsClose(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach (var (one, other) in expected.Zip(found))
            Assert.Equal(one, other, 1e-5f);
    }
}
