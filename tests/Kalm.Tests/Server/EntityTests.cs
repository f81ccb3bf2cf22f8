using System.Text.Json.Nodes;
using Kalm.Server;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class EntityTests(RunningServer server)
{
    [Fact]
    public async Task Words_find_entities_the_closest_first()
    {
        var found = (await server.GetWell("/v1/entities?search=FROG&limit=4"))["entities"]!.AsArray();
        Assert.Equal(["frog", "frog5", "frog13", "frog21"], found.Select(entity => (string)entity!["id"]!));
        Assert.Empty((await server.GetWell("/v1/entities?search=nothing%20like%20it"))["entities"]!.AsArray());
    }

    [Theory]
    [InlineData("/v1/entities?search=a&after=b", 400)]
    [InlineData("/v1/entities?limit=201", 400)]
    [InlineData("/v1/entities?search=%20", 400)]
    [InlineData("/v1/entities?search=a&limit=0", 400)]
    [InlineData("/v1/entities?search=a&limit=x", 400)]
    [InlineData("/v1/entities/nobody", 404)]
    [InlineData("/v1/entities/bird?predict=21", 400)]
    public async Task Faults_of_questions_are_told(string path, int status)
    {
        using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative), RunningServer.Cancellation);
        Assert.Equal(status, (int)response.StatusCode);
        RunningServer.IsError(JsonNode.Parse(await response.Content.ReadAsStringAsync(RunningServer.Cancellation)));
    }

    [Fact]
    public async Task An_entity_comes_with_what_is_known_and_what_is_predicted()
    {
        var entity = await server.GetWell("/v1/entities/bird16?predict=2");
        var index = server.Graph.EntityIndex("bird16");
        Assert.Equal(server.Graph.Entities[index].Description, (string?)entity["text"]);
        var known = entity["known"]!.AsArray();
        var expected = new[] { server.Graph.Train, server.Graph.Valid, server.Graph.Test }.SelectMany(split => split)
            .Count(triple => triple.Head == index || triple.Tail == index);
        Assert.Equal(expected, known.Count);
        Assert.Equal(expected, (int)entity["known_total"]!);
        Assert.Contains(known, fact => (string?)fact!["relation"]!["id"] == "kind_of" && (string?)fact["entity"]!["id"] == "bird");
        Assert.NotEmpty(entity["predicted"]!.AsArray());
        foreach (var relation in entity["predicted"]!.AsArray())
        {
            Assert.Equal(2, relation!["answers"]!.AsArray().Count);
            foreach (var answer in relation["answers"]!.AsArray())
                Assert.DoesNotContain(known, fact => fact!["relation"]!.ToJsonString() == relation["relation"]!.ToJsonString()
                    && (string?)fact["entity"]!["id"] == (string?)answer!["entity"]!["id"]);
        }
        Assert.Empty((await server.GetWell("/v1/entities/bird16?predict=0&limit=0"))["known"]!.AsArray());
    }

    [Fact]
    public async Task An_added_entity_is_of_use_in_the_next_request_and_survives_a_restart()
    {
        var options = server.Options() with { IndexFolder = server.File("own-index") };
        var added = new JsonObject { ["id"] = "bird/900", ["text"] = "bird900, a bird of number 900" };
        await using (var first = await RunningServer.Another(options))
        {
            var address = new Uri(first.Urls[0]);
            Assert.Equal("bird900", (string?)(await server.PostWell("/v1/entities", added, address))["name"]);
            await IsThere(address);
            Assert.Equal("already_exists", (string?)(await server.Fault("/v1/entities", added.ToJsonString(), 409, "id", address))["code"]);
            var named = new JsonObject { ["text"] = "bird900, another of the name" };
            Assert.Equal("bird900", (string?)(await server.PostWell("/v1/entities", named, address))["id"]);
        }
        await using var second = await RunningServer.Another(options);
        Assert.False(second.Host.Served.Index.WasBuilt);
        await IsThere(new Uri(second.Urls[0]));

        async Task IsThere(Uri address)
        {
            var found = await server.PostWell("/v1/complete",
                new JsonObject { ["head"] = "bird900, a bird of number 900", ["relation"] = "kind_of", ["top"] = 1 }, address);
            Assert.Equal("bird/900", (string?)found["head"]!["id"]);
            // Asked for by a text, it is a candidate like any other.
            var near = await server.PostWell(
                "/v1/complete", new JsonObject { ["tail"] = "bird", ["relation"] = "kind_of", ["top"] = 200 }, address);
            Assert.Contains(near["results"]!.AsArray(), result => (string?)result!["id"] == "bird/900" && !(bool)result["known"]!);
            using var response = await server.Client.GetAsync(new Uri(address, "/v1/entities/bird%2F900"), RunningServer.Cancellation);
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        }
    }

    [Fact]
    public async Task Servers_over_one_folder_lose_nothing_that_either_acknowledged()
    {
        const int Each = 12;
        var options = server.Options() with { IndexFolder = server.File("shared-index") };
        await using (var first = await RunningServer.Another(options))
        await using (var second = await RunningServer.Another(options))
        {
            Uri[] addresses = [new(first.Urls[0]), new(second.Urls[0])];
            await Task.WhenAll(addresses.SelectMany((address, place) => Enumerable.Range(0, Each).Select(index => server.PostWell(
                "/v1/entities", new JsonObject { ["id"] = $"new{place}-{index}", ["text"] = $"new {place} {index}, a bird" }, address))));
            foreach (var address in addresses)
                await AreThere(address);
            // Both number them alike, so that an answer means the same wherever it is given.
            Assert.Equal(
                first.Host.Served.Catalog.Added.Select(entity => entity.Id), second.Host.Served.Catalog.Added.Select(entity => entity.Id));
            Assert.Equal(server.Graph.Entities.Count + (2 * Each), second.Host.Served.Index.Vectors.Count);

            // What somebody else did to the file is not written over.
            var path = first.Host.Served.Catalog.Log.Path;
            System.IO.File.WriteAllText(path, System.IO.File.ReadAllText(path).Replace("new 0 0,", "new nothing,"));
            await server.Fault("/v1/entities", """{"text":"late"}""", 409, null, addresses[0]);
            var sound = System.IO.File.ReadAllText(path);
            System.IO.File.WriteAllText(path, "{");
            await server.Fault("/v1/entities", """{"text":"late"}""", 409, null, addresses[1]);
            foreach (var address in addresses)
                await AreThere(address);
            System.IO.File.WriteAllText(path, sound);
        }
        await using var third = await RunningServer.Another(options);
        await AreThere(new Uri(third.Urls[0]));

        async Task AreThere(Uri address)
        {
            for (var place = 0; place < 2; place++)
                for (var index = 0; index < Each; index++)
                {
                    using var response = await server.Client.GetAsync(
                        new Uri(address, $"/v1/entities/new{place}-{index}?predict=0"), RunningServer.Cancellation);
                    Assert.True(response.IsSuccessStatusCode, $"{address}: new{place}-{index}: {response.StatusCode}");
                }
        }
    }

    [Fact]
    public async Task No_more_entities_are_added_than_the_limit()
    {
        await using var other = await RunningServer.Another(
            server.Options(new ServerLimits { AddedEntities = 2 }) with { IndexFolder = server.File("few") });
        var address = new Uri(other.Urls[0]);
        foreach (var name in new[] { "one", "two" })
            await server.PostWell("/v1/entities", new JsonObject { ["text"] = name }, address);
        await server.Fault("/v1/entities", """{"text":"three"}""", 409, null, address);
        Assert.Equal(server.Graph.Entities.Count + 2, other.Host.Served.Index.Vectors.Count);
    }

    [Theory]
    [InlineData("{}", "text")]
    [InlineData("""{"text":" "}""", "text")]
    [InlineData("""{"text":"x","name":""}""", "name")]
    [InlineData("""{"text":", x"}""", "name")]
    [InlineData("""{"text":"x","id":" "}""", "id")]
    public async Task Faults_of_additions_are_told(string body, string param) => await server.Fault("/v1/entities", body, 400, param);
}
