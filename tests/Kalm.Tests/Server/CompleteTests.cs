using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Representation;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class CompleteTests(RunningServer server)
{
    private const string Path = "/v1/complete";

    [Fact]
    public async Task Answers_are_those_of_the_library()
    {
        using var model = new LoadedModel(OpenedModel.Open(server.Model), threads: 2);
        var root = EntityIndex.RootOf(model.Opened);
        using var completer = Completer.Open(model, Catalog.Open(server.Graph, root), root, null, RunningServer.Cancellation);
        Assert.False(completer.Index.WasBuilt);
        foreach (var triple in server.Graph.Test.Take(6))
        {
            var (head, tail) = (server.Graph.Entities[triple.Head], server.Graph.Entities[triple.Tail]);
            var relation = server.Graph.Relations[triple.Relation];
            IsSame(
                completer.Entities(QueryEntity.Of(server.Graph, triple.Head), triple.Relation, 10),
                await server.PostWell(Path, new JsonObject { ["head"] = head.Id, ["relation"] = relation.Id }));
            IsSame(
                completer.Entities(QueryEntity.Of(server.Graph, triple.Tail), triple.Relation + server.Graph.RelationCount, 10),
                await server.PostWell(Path, new JsonObject { ["tail"] = tail.Name, ["relation"] = relation.Text }));
            var relations = completer.Relations(QueryEntity.Of(server.Graph, triple.Head), QueryEntity.Of(server.Graph, triple.Tail), 3);
            var found = await server.PostWell(Path, new JsonObject { ["head"] = head.Id, ["tail"] = tail.Id, ["top"] = 3 });
            Assert.Equal("relation", (string?)found["predicted"]);
            Assert.Equal(
                relations.Select(candidate => (server.Graph.DirectedRelationText(candidate.DirectedRelation), candidate.Split)),
                found["results"]!.AsArray().Select(result => ((string)result!["text"]!, (string?)result["split"])));
            foreach (var (candidate, result) in relations.Zip(found["results"]!.AsArray()))
                Assert.Equal((candidate.Score, candidate.Probability), ((double)result!["score"]!, (double)result["probability"]!));
        }

        void IsSame(IReadOnlyList<EntityCandidate> expected, JsonNode found)
        {
            var results = found["results"]!.AsArray();
            Assert.Equal(expected.Count, results.Count);
            foreach (var (candidate, result) in expected.Zip(results))
            {
                Assert.Equal(server.Graph.Entities[candidate.Entity].Id, (string?)result!["id"]);
                Assert.Equal((candidate.Score, candidate.Probability), ((double)result["score"]!, (double)result["probability"]!));
                Assert.Equal(candidate.Split, (string?)result["split"]);
                Assert.Equal(candidate.Split is not null, (bool)result["known"]!);
            }
        }
    }

    [Fact]
    public async Task The_command_line_gives_the_answers_of_the_service_to_the_last_digit()
    {
        var json = server.File("asked.json");
        foreach (var triple in server.Graph.Test.Take(3))
        {
            var (head, relation) = (server.Graph.Entities[triple.Head].Id, server.Graph.Relations[triple.Relation].Id);
            var line = CommandLine.Run("complete", "--model", server.Model, "--graph", server.Graph.Path, "--head", head, "--relation",
                relation, "--threads", "2", "--json", json).IsSuccess();
            Assert.DoesNotContain("kept for the next question", line.Error, StringComparison.Ordinal);
            Assert.Equal(
                Figures(await server.PostWell(Path, new JsonObject { ["head"] = head, ["relation"] = relation })),
                Figures(JsonNode.Parse(System.IO.File.ReadAllText(json))!));
        }

        static IEnumerable<(string, string, string)> Figures(JsonNode found) => found["results"]!.AsArray().Select(result =>
            ((string)result!["id"]!, result["score"]!.ToJsonString(), result["probability"]!.ToJsonString()));
    }

    [Fact]
    public async Task Probabilities_of_what_is_new_sum_to_one_and_known_answers_do_not_share_in_them()
    {
        var known = server.Graph.Train[0];
        var request = new JsonObject
        {
            ["head"] = server.Graph.Entities[known.Head].Id,
            ["relation"] = server.Graph.Relations[known.Relation].Id, ["top"] = 200, ["explain"] = 0,
        };
        var all = (await server.PostWell(Path, request))["results"]!.AsArray();
        request["known"] = false;
        var fresh = (await server.PostWell(Path, request))["results"]!.AsArray();

        var temperature = server.Served.Index.Calibration.Temperature;
        Assert.Equal(1, fresh.Sum(result => (double)result!["probability"]!), 1e-5);
        Assert.All(fresh, result => Assert.False((bool)result!["known"]!));
        Assert.Equal(server.Graph.Entities.Count - 1, all.Count);
        Assert.Equal(all.Count(result => !(bool)result!["known"]!), fresh.Count);
        var answer = all.Single(result => (string?)result!["id"] == server.Graph.Entities[known.Tail].Id)!;
        var rivals = fresh.Sum(result => Math.Exp((double)result!["score"]! / temperature));
        var own = Math.Exp((double)answer["score"]! / temperature);
        Assert.Equal(own / (own + rivals), (double)answer["probability"]!, 1e-4);
    }

    [Fact]
    public async Task Explanations_are_the_training_facts_whose_entities_are_most_alike()
    {
        var triple = server.Graph.Train.First(triple => triple.Relation == 0);
        var (graph, vectors) = (server.Graph, server.Served.Index.Vectors);
        var found = await server.PostWell(Path, new JsonObject
        {
            ["head"] = graph.Entities[triple.Head].Id, ["relation"] = graph.Relations[0].Id, ["explain"] = 2, ["top"] = 200,
        });
        var answer = found["results"]!.AsArray().Single(result => (string?)result!["id"] == graph.Entities[triple.Tail].Id)!;

        var expected = graph.Train.Where(fact => fact.Relation == 0 && fact != triple)
            .Select(fact => (Fact: fact, Similarity: (Cosine(fact.Head, triple.Head) + Cosine(fact.Tail, triple.Tail)) / 2))
            .OrderByDescending(item => item.Similarity).Take(2).ToList();
        var explanation = answer["explanation"]!.AsArray();
        Assert.Equal(2, explanation.Count);
        foreach (var (item, node) in expected.Zip(explanation))
        {
            Assert.Equal(item.Similarity, (double)node!["similarity"]!, 1e-4);
            Assert.Equal("kind_of", (string?)node["relation"]!["id"]);
        }

        double Cosine(int left, int right)
        {
            var sum = 0.0;
            for (var at = 0; at < vectors.Width; at++)
                sum += (double)vectors.Row(left)[at] * vectors.Row(right)[at];
            return sum;
        }
    }

    [Fact]
    public async Task A_text_that_the_graph_does_not_hold_is_understood_as_a_description()
    {
        var found = await server.PostWell(
            Path, new JsonObject { ["head"] = "bird900, a bird of number 900", ["relation"] = "kind_of", ["top"] = 3 });
        Assert.Null(found["head"]!["id"]);
        Assert.Equal("bird900, a bird of number 900", (string?)found["head"]!["text"]);
        Assert.Equal(3, found["results"]!.AsArray().Count);
    }

    [Fact]
    public async Task Requests_at_the_same_time_are_answered_as_each_would_be_alone()
    {
        var bodies = Enumerable.Range(0, 64).Select(index => new JsonObject
        {
            ["head"] = server.Graph.Entities[8 + index % 40].Id, ["relation"] = server.Graph.Relations[index % 2].Id,
        }).ToList();
        var alone = new List<JsonNode>();
        foreach (var body in bodies)
            alone.Add(await server.PostWell(Path, body));
        var sizes = new List<int>();
        using var listener = Listener.Of<int>(server.Server.Metrics, "kalm.server.batch.size", sizes.Add);
        var together = await Task.WhenAll(bodies.Select(body => server.PostWell(Path, body)));

        foreach (var (one, other) in alone.Zip(together))
            foreach (var (expected, found) in one["results"]!.AsArray().Zip(other["results"]!.AsArray()))
                Assert.Equal((double)expected!["score"]!, (double)found!["score"]!, 1e-5);
        Assert.Contains(sizes, size => size > 1);
    }

    [Theory]
    [InlineData("""{"head":"bird8"}""", null)]
    [InlineData("""{"head":"bird8","relation":"kind_of","tail":"bird"}""", null)]
    [InlineData("""{"head":"bird8","relation":"kindof"}""", "relation")]
    [InlineData("""{"head":" ","relation":"kind_of"}""", "head")]
    [InlineData("""{"head":"bird8","relation":"kind_of","top":0}""", "top")]
    [InlineData("""{"head":"bird8","relation":"kind_of","top":201}""", "top")]
    [InlineData("""{"head":"bird8","relation":"kind_of","top":"many"}""", "top")]
    [InlineData("""{"head":"bird8","relation":"kind_of","explain":11}""", "explain")]
    [InlineData("""{"head":7,"relation":"kind_of"}""", "head")]
    [InlineData("""{"head":"\ud800","relation":"kind_of"}""", "head")]
    [InlineData("""{"head":"bird8","relation":"kind_of" """, null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("", null)]
    public async Task Faults_are_told_in_one_shape(string body, string? param) => await server.Fault(Path, body, 400, param);
}
