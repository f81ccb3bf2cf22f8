using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Kalm.Representation;

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
        var ids = await server.PostWell(Path, new JsonObject { ["input"] = new JsonArray([.. tokens.Select(token => (JsonNode)token)]) });
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
    public async Task A_long_text_is_cut_as_descriptions_are()
    {
        var text = string.Join(' ', Enumerable.Repeat("fish", 300));
        var found = await server.PostWell(Path, new JsonObject { ["input"] = text });
        Assert.Equal(new WordingOptions().MaximumTextTokens, (int)found["usage"]!["total_tokens"]!);
    }

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
    public async Task Faults_are_told(string body, string param) => await server.Fault(Path, body, 400, param);

    [Fact]
    public async Task Another_models_name_is_not_found() =>
        Assert.Equal("model_not_found", (string?)(await server.Fault(Path, """{"input":"a","model":"gpt"}""", 404, "model"))["code"]);

    private static void IsClose(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach (var (one, other) in expected.Zip(found))
            Assert.Equal(one, other, 1e-5f);
    }
}
