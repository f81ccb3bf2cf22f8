using System.Text.Json.Nodes;
using Kalm.Representation;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class RerankTests(RunningServer server)
{
    private static readonly string[] Texts = ["bird8, a bird of number 8", "fish", "a worm that lives in the ground"];

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/v2/rerank")]
    [InlineData("/rerank")]
    public async Task Documents_come_best_first_by_the_cosine_of_the_models_vectors(string path)
    {
        var answer = await server.PostWell(path, Request("documents"));
        Assert.Equal("base", (string?)answer["model"]);
        Assert.NotNull((string?)answer["id"]);
        Assert.True((int)answer["usage"]!["total_tokens"]! > 0);
        Assert.Equal(path == "/v2/rerank" ? "2" : "1", (string?)answer["meta"]!["api_version"]!["version"]);
        var results = answer["results"]!.AsArray();
        var cosines = await Cosines();
        Assert.Equal(
            Enumerable.Range(0, Texts.Length).OrderByDescending(index => cosines[index]),
            results.Select(item => (int)item!["index"]!));
        Assert.All(results, item =>
        {
            Assert.Equal((1 + cosines[(int)item!["index"]!]) / 2, (double)item["relevance_score"]!, 1e-5);
            Assert.False(item.AsObject().ContainsKey("document"));
        });
    }

    [Fact]
    public async Task What_clients_ask_beside_it_is_done()
    {
        var objects = new JsonArray([.. Texts.Select(text => (JsonNode)new JsonObject { ["text"] = text })]);
        var answer = await server.PostWell("/v1/rerank", new JsonObject
        {
            ["model"] = "base", ["query"] = "lives with bird0", ["documents"] = objects, ["top_n"] = 2, ["return_documents"] = true,
            ["max_tokens_per_doc"] = null, ["rank_fields"] = new JsonArray("text"),
        });
        var results = answer["results"]!.AsArray();
        Assert.Equal(2, results.Count);
        Assert.All(results, item => Assert.Equal(Texts[(int)item!["index"]!], (string?)item["document"]!["text"]));
        var opening = server.Served.Model.Model.Tokenizer.Decode(server.Served.Model.Wording.Text(Texts[0])[..2]);
        var cut = await server.PostWell("/v2/rerank", new JsonObject
        {
            ["query"] = "bird", ["documents"] = new JsonArray(Texts[0], opening), ["max_tokens_per_doc"] = 2,
        });
        Assert.Equal((double)cut["results"]![0]!["relevance_score"]!, (double)cut["results"]![1]!["relevance_score"]!, 1e-5);
        Assert.Equal([0, 1], cut["results"]!.AsArray().Select(item => (int)item!["index"]!).Order());
    }

    [Fact]
    public async Task Text_embeddings_inference_gets_its_own_shape()
    {
        var request = Request("texts");
        (request["raw_scores"], request["return_text"], request["truncate"]) = (true, true, true);
        request["texts"]!.AsArray().Add(string.Concat(Enumerable.Repeat("fish ", 1000)));
        var ranked = (await server.PostWell("/rerank", request)).AsArray();
        Assert.Equal(Texts.Length + 1, ranked.Count);
        var cosines = await Cosines();
        foreach (var item in ranked.Where(item => (int)item!["index"]! < Texts.Length))
        {
            Assert.Equal(cosines[(int)item!["index"]!], (double)item["score"]!, 1e-5);
            Assert.Equal(Texts[(int)item["index"]!], (string?)item["text"]);
        }
        Assert.Equal(ranked.Select(item => (double)item!["score"]!).OrderDescending(), ranked.Select(item => (double)item!["score"]!));
        request["truncate"] = false;
        Assert.Equal("context_length_exceeded", (string?)(await server.Fault("/rerank", request.ToJsonString(), 400, "texts"))["code"]);
    }

    [Theory]
    [InlineData("""{"documents":["a"]}""", "query")]
    [InlineData("""{"query":"a"}""", "documents")]
    [InlineData("""{"query":"a","documents":[]}""", "documents")]
    [InlineData("""{"query":"a","documents":["b"],"texts":["b"]}""", "texts")]
    [InlineData("""{"query":"a","documents":["b",""]}""", "documents")]
    [InlineData("""{"query":"a","documents":[{"title":"b"}]}""", "documents")]
    [InlineData("""{"query":"a","documents":["b"],"top_n":0}""", "top_n")]
    [InlineData("""{"query":"a","documents":["b"],"rank_fields":["title"]}""", "rank_fields")]
    [InlineData("""{"query":"a","texts":["b"],"truncation_direction":"Left"}""", "truncation_direction")]
    [InlineData("""{"query":"a","documents":["b"],"max_chunks_per_doc":3}""", "max_chunks_per_doc")]
    public async Task Faults_are_told(string body, string param) => await server.Fault("/v1/rerank", body, 400, param);

    private static JsonObject Request(string field) =>
        new() { ["query"] = "lives with bird0", [field] = new JsonArray([.. Texts.Select(text => (JsonNode)text)]) };

    // The query as it is asked about entities, the documents as entities.
    private async Task<double[]> Cosines()
    {
        var wording = server.Served.Model.Wording;
        var query = (await server.Served.Encode(
            [new ViewRequest(wording.Text("lives with bird0"), false, [[]])], [], RunningServer.Cancellation)).Vectors[0];
        var documents = await server.Served.Encode(
            [.. Texts.Select(text => new ViewRequest(wording.Text(text), true, []))], [], RunningServer.Cancellation);
        return [.. documents.Vectors.Select(vector => vector.Zip(query, (one, other) => (double)one * other).Sum())];
    }
}
