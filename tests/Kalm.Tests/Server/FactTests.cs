using System.Globalization;
using System.Text.Json.Nodes;
using Kalm.Graph;
using Kalm.Server;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class FactTests(RunningServer server)
{
    private const string Path = "/v1/facts";

    [Fact]
    public async Task An_accepted_fact_is_known_and_a_rejected_one_is_not_proposed_wherever_it_is_asked_for()
    {
        var options = server.Options() with { IndexFolder = server.File("reviewed-index") };
        await using (var first = await RunningServer.Another(options))
        await using (var second = await RunningServer.Another(options))
        {
            Uri[] addresses = [new(first.Urls[0]), new(second.Urls[0])];
            await server.PostWell("/v1/entities", new JsonObject { ["id"] = "new", ["text"] = "gull, a bird" }, addresses[0]);
            var accepted = await server.PostWell(Path, Fact("gull", "kind of", "bird"), addresses[1]);
            Assert.Equal("accepted", (string?)accepted["verdict"]);
            Assert.Equal("new", (string?)accepted["head"]!["id"]);
            // Read backwards, the fact is the same.
            await server.Fault(Path, Fact("bird", "has kind", "new").ToJsonString(), 409, null, addresses[0]);
            await server.Fault($"{Path}/rejections", Fact("new", "kind_of", "bird").ToJsonString(), 409, null, addresses[0]);
            await server.PostWell($"{Path}/rejections", Fact("new", "kind_of", "worm"), addresses[0]);
            await server.PostWell($"{Path}/rejections", Fact("fish", "has kind", "new"), addresses[1]);
            foreach (var address in addresses)
                await IsSo(address);
            var listed = await Listed(addresses[1], "?limit=2");
            Assert.Equal([("bird", "accepted"), ("worm", "rejected")], listed.Facts);
            var rest = await Listed(addresses[0], $"?limit=2&after={listed.Next}");
            Assert.Equal([("fish", "rejected")], rest.Facts);
            Assert.Null(rest.Next);
            var time = DateTimeOffset.Parse((string)accepted["time"]!, CultureInfo.InvariantCulture);
            Assert.Equal(3, (await Listed(addresses[0], $"?since={time.UtcDateTime:O}")).Facts.Length);
            Assert.Empty((await Listed(addresses[0], $"?since={time.UtcDateTime.AddMinutes(1):O}")).Facts);
        }
        await using var third = await RunningServer.Another(options);
        var last = new Uri(third.Urls[0]);
        await IsSo(last);
        foreach (var fact in (await server.Send(HttpMethod.Get, Path, null, last)).Body!["facts"]!.AsArray())
            Assert.Equal(204, (await server.Send(HttpMethod.Delete, $"{Path}/{fact!["id"]}", null, last)).Status);
        Assert.Empty((await Listed(last, "")).Facts);
        Assert.Equal(Tails(await Complete(last)).Select(tail => tail.Id).Order(), server.Graph.Entities.Select(entity => entity.Id).Order());

        async Task IsSo(Uri address)
        {
            var tails = Tails(await Complete(address));
            Assert.Equal("added", tails.Single(tail => tail.Id == "bird").Split);
            Assert.DoesNotContain(tails, tail => tail.Id is "worm" or "fish");
            Assert.Equal(server.Graph.Entities.Count - 2, tails.Count);
            var entity = (await server.Send(HttpMethod.Get, "/v1/entities/new?predict=20", null, address)).Body!;
            Assert.Equal("added", (string?)entity["known"]!.AsArray().Single()!["split"]);
            var kinds = entity["predicted"]!.AsArray().Single(relation => (string?)relation!["relation"]!["id"] == "kind_of"
                && !(bool)relation["relation"]!["inverse"]!)!["answers"]!.AsArray();
            Assert.DoesNotContain(kinds, answer => (string?)answer!["entity"]!["id"] is "bird" or "worm" or "fish");
            Assert.Contains((await server.Send(HttpMethod.Get, "/v1/entities/bird?predict=0", null, address)).Body!["known"]!.AsArray(),
                fact => (string?)fact!["entity"]!["id"] == "new" && (string?)fact["split"] == "added");
            var relations = await server.PostWell("/v1/complete", new JsonObject { ["head"] = "new", ["tail"] = "worm" }, address);
            Assert.DoesNotContain(relations["results"]!.AsArray(), result =>
                (string?)result!["id"] == "kind_of" && !(bool)result["inverse"]!);
        }

        async Task<JsonNode> Complete(Uri address) => await server.PostWell("/v1/complete", new JsonObject
        {
            ["head"] = "new", ["relation"] = "kind_of", ["top"] = 200, ["explain"] = 0,
        }, address);

        async Task<((string, string)[] Facts, string? Next)> Listed(Uri address, string query)
        {
            var page = (await server.Send(HttpMethod.Get, Path + query, null, address)).Body!;
            return ([.. page["facts"]!.AsArray().Select(fact => ((string)fact!["tail"]!["id"]!, (string)fact["verdict"]!))],
                (string?)page["next"]);
        }
    }

    [Theory]
    [InlineData("tsv", ".tsv")]
    [InlineData("jsonl", ".jsonl")]
    [InlineData("nt", ".nt")]
    [InlineData("ttl", ".ttl")]
    public async Task Accepted_facts_are_exported_as_graphs_that_can_be_read(string format, string ending)
    {
        await using var other = await RunningServer.Another(server.Options() with { IndexFolder = server.File($"exported-{format}") });
        var address = new Uri(other.Urls[0]);
        await server.PostWell("/v1/entities", new JsonObject { ["id"] = "new", ["text"] = "gull \"the\ttern\", a bird" }, address);
        await server.PostWell(Path, Fact("new", "kind_of", "bird"), address);
        await server.PostWell(Path, Fact("bird16", "lives_with", "new"), address);
        await server.PostWell($"{Path}/rejections", Fact("new", "kind_of", "worm"), address);
        await server.PostWell("/v1/entities", new JsonObject { ["id"] = "going", ["text"] = "going" }, address);
        await server.PostWell(Path, Fact("going", "kind_of", "worm"), address);
        await server.Send(HttpMethod.Delete, "/v1/entities/going", null, address);
        var file = server.File($"exported{ending}");
        await File.WriteAllBytesAsync(
            file, await server.Client.GetByteArrayAsync(new Uri(address, $"{Path}/export?format={format}"), RunningServer.Cancellation),
            RunningServer.Cancellation);
        var graph = KnowledgeGraph.Load(file);
        Assert.Equal(
            [("bird16", "lives_with", "new"), ("new", "kind_of", "bird")],
            graph.Train.Select(triple => (Plain(graph.Entities[triple.Head].Id), Plain(graph.Relations[triple.Relation].Id),
                Plain(graph.Entities[triple.Tail].Id))).Order());

        static string Plain(string id) => id.Split(':')[^1];
    }

    [Theory]
    [InlineData("""{"head":"bird","relation":"kind_of"}""", 400, "tail")]
    [InlineData("""{"head":"bird","relation":"x","tail":"fish"}""", 400, "relation")]
    [InlineData("""{"head":"a text of its own","relation":"kind_of","tail":"fish"}""", 400, "head")]
    [InlineData("""{"head":"bird8","relation":"kind_of","tail":"bird"}""", 409, null)]
    public async Task Faults_of_facts_are_told(string body, int status, string? param)
    {
        await server.Fault(Path, body, status, param);
        await server.Fault($"{Path}/rejections", body, status, param);
    }

    [Theory]
    [InlineData("GET", "?after=x", 400)]
    [InlineData("GET", "?since=yesterday", 400)]
    [InlineData("GET", "/export?format=xls", 400)]
    [InlineData("DELETE", "/77", 404)]
    [InlineData("DELETE", "/x", 404)]
    public async Task Faults_of_questions_about_facts_are_told(string method, string query, int status)
    {
        var (found, body, _) = await server.Send(new HttpMethod(method), Path + query);
        Assert.Equal(status, found);
        RunningServer.IsError(body);
    }

    [Fact]
    public async Task No_more_facts_are_reviewed_than_the_limit()
    {
        await using var other = await RunningServer.Another(
            server.Options(new ServerLimits { ReviewedFacts = 1 }) with { IndexFolder = server.File("few-facts") });
        await server.PostWell(Path, Fact("bird16", "kind_of", "worm"), new Uri(other.Urls[0]));
        await server.Fault($"{Path}/rejections", Fact("bird16", "kind_of", "fish").ToJsonString(), 409, null, new Uri(other.Urls[0]));
    }

    private static JsonObject Fact(string head, string relation, string tail) =>
        new() { ["head"] = head, ["relation"] = relation, ["tail"] = tail };

    private static List<(string Id, string? Split)> Tails(JsonNode answer) =>
        [.. answer["results"]!.AsArray().Select(result => ((string)result!["id"]!, (string?)result["split"]))];
}
