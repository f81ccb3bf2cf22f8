using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Representation;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class EntityChangeTests(RunningServer server)
{
    private const string Path = "/v1/entities";

    [Fact]
    public async Task An_entity_is_edited_hidden_and_brought_back_and_all_of_it_survives_a_restart()
    {
        var options = server.Options() with { IndexFolder = server.File("edited-index") };
        await using (var first = await RunningServer.Another(options))
        {
            var address = new Uri(first.Urls[0]);
            var text = new JsonObject { ["text"] = "bird16, a fish of its own" };
            Assert.Equal("""{"id":"bird16","name":"bird16","text":"bird16, a fish of its own","types":[]}""",
                (await Well(HttpMethod.Put, "/bird16", text, address))!.ToJsonString());
            Assert.Equal("gull", (string?)(await Well(HttpMethod.Put, "/bird16", new JsonObject { ["name"] = "gull" }, address))!["name"]);
            await Well(HttpMethod.Delete, "/fish", null, address);
            await Well(HttpMethod.Delete, "/frog", null, address);
            await Well(HttpMethod.Put, "/frog", [], address);
            await server.PostWell(Path, new JsonObject { ["id"] = "a/b", ["text"] = "ab, a worm" }, address);
            await Well(HttpMethod.Put, "/a%2Fb", new JsonObject { ["text"] = "ab, a crab" }, address);
            await Well(HttpMethod.Delete, "/a%2Fb", null, address);
            await server.PostWell(Path, new JsonObject { ["id"] = "a/b", ["text"] = "ab, another crab" }, address);
            await IsSo(address);
            await server.Fault(Path, """{"id":"fish","text":"a fish"}""", 409, "id", address);
        }
        await using var second = await RunningServer.Another(options);
        await IsSo(new Uri(second.Urls[0]));
        // The library gives the answers of the server that was changed.
        using var model = new LoadedModel(OpenedModel.Open(server.Model), threads: 2);
        using var completer = Completer.Open(
            model, Catalog.Open(server.Graph, options.IndexFolder), options.IndexFolder, null, RunningServer.Cancellation);
        foreach (var asked in new[] { "bird16", "a/b", "frog5" })
        {
            var found = await server.PostWell("/v1/complete", new JsonObject
            {
                ["head"] = asked, ["relation"] = "kind_of", ["top"] = 200,
            }, new Uri(second.Urls[0]));
            Assert.Equal(
                completer.Entities(completer.Catalog.Find(asked), 0, 200).Select(candidate =>
                    (completer.Catalog[candidate.Entity].Id, candidate.Score, candidate.Probability)),
                found["results"]!.AsArray().Select(result =>
                    ((string)result!["id"]!, (double)result["score"]!, (double)result["probability"]!)));
        }

        async Task IsSo(Uri address)
        {
            Assert.Equal("""{"id":"bird16","name":"gull","text":"bird16, a fish of its own"}""", await Told("bird16", address));
            Assert.Equal("ab, another crab", (string?)(await Well(HttpMethod.Get, "/a%2Fb", null, address))!["text"]);
            Assert.Equal(404, (await server.Send(HttpMethod.Get, $"{Path}/fish", null, address)).Status);
            Assert.Equal(404, (await server.Send(HttpMethod.Delete, $"{Path}/fish", null, address)).Status);
            Assert.Equal("frog, a group of animals", (string?)(await Well(HttpMethod.Get, "/frog", null, address))!["text"]);
            var found = await server.PostWell(
                "/v1/complete", new JsonObject { ["head"] = "bird16", ["relation"] = "kind_of", ["top"] = 200 }, address);
            Assert.Equal(server.Graph.Entities.Count - 1, found["results"]!.AsArray().Count);
            Assert.DoesNotContain(found["results"]!.AsArray(), result => (string?)result!["id"] == "fish"
                || result["explanation"]!.AsArray().Any(fact => (string?)fact!["tail"]!["id"] == "fish"));
            Assert.DoesNotContain((await Well(HttpMethod.Get, "/fish17", null, address))!["known"]!.AsArray(),
                fact => (string?)fact!["entity"]!["id"] == "fish");
            Assert.Contains((await Well(HttpMethod.Get, "/bird", null, address))!["known"]!.AsArray(),
                fact => (string?)fact!["entity"]!["name"] == "gull");
        }

        async Task<string> Told(string id, Uri address)
        {
            var all = (await Well(HttpMethod.Get, $"/{id}?predict=0", null, address))!;
            return new JsonObject { ["id"] = (string?)all["id"], ["name"] = (string?)all["name"], ["text"] = (string?)all["text"] }
                .ToJsonString();
        }
    }

    [Fact]
    public async Task Of_several_edits_of_one_state_one_is_made_and_the_others_are_refused()
    {
        await using var first = await RunningServer.Another(server.Options() with { IndexFolder = server.File("raced-index") });
        await using var second = await RunningServer.Another(server.Options() with { IndexFolder = server.File("raced-index") });
        Uri[] addresses = [new(first.Urls[0]), new(second.Urls[0])];
        var tag = (await server.Send(HttpMethod.Get, $"{Path}/bird16", null, addresses[0])).Tag!;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(index => server.Send(
            HttpMethod.Put, $"{Path}/bird16", new JsonObject { ["text"] = $"bird16, edit {index}" }, addresses[index % 2], ("If-Match", tag))));
        Assert.Equal(11, outcomes.Count(outcome => outcome.Status == 412));
        var made = Assert.Single(outcomes, outcome => outcome.Status == 200);
        Assert.NotEqual(tag, made.Tag);
        foreach (var address in addresses)
        {
            var (_, body, now) = await server.Send(HttpMethod.Get, $"{Path}/bird16", null, address);
            Assert.Equal((made.Tag, (string?)made.Body!["text"]), (now, (string?)body!["text"]));
            Assert.Equal(304, (await server.Send(
                HttpMethod.Get, $"{Path}/bird16", null, address, ("If-None-Match", $"\"x\", {now}"))).Status);
        }
        Assert.Equal(412, (await server.Send(HttpMethod.Delete, $"{Path}/bird16", null, addresses[1], ("If-Match", tag))).Status);
        Assert.Equal(400, (await server.Send(HttpMethod.Delete, $"{Path}/bird16", null, addresses[1], ("If-Match", "bare"))).Status);
        Assert.Equal(412, (await server.Send(HttpMethod.Delete, $"{Path}/nobody", null, addresses[1], ("If-Match", "*"))).Status);
        // Said again, it changes nothing, and the tag stays.
        Assert.Equal((200, made.Tag), await Edit("If-Match", made.Tag!));
        // What is told beside the entity has changed, what a client can write has not.
        await server.PostWell(Path, new JsonObject { ["text"] = "another" }, addresses[0]);
        Assert.Equal(200, (await server.Send(
            HttpMethod.Get, $"{Path}/bird16", null, addresses[1], ("If-None-Match", made.Tag!))).Status);
        Assert.Equal(204, (await server.Send(HttpMethod.Delete, $"{Path}/bird16", null, addresses[1], ("If-Match", made.Tag!))).Status);
        Assert.Equal(412, (await Edit("If-Match", made.Tag!)).Status);

        async Task<(int Status, string? Tag)> Edit(string header, string value)
        {
            var (status, _, found) = await server.Send(HttpMethod.Put, $"{Path}/bird16",
                new JsonObject { ["text"] = (string?)made.Body!["text"] }, addresses[0], (header, value));
            return (status, found);
        }
    }

    [Fact]
    public async Task Servers_over_one_folder_add_edit_and_delete_at_once_and_lose_nothing()
    {
        const int Each = 10;
        var options = server.Options() with { IndexFolder = server.File("busy-index") };
        var expected = new Dictionary<string, string?>();
        await using (var first = await RunningServer.Another(options))
        await using (var second = await RunningServer.Another(options))
        {
            Uri[] addresses = [new(first.Urls[0]), new(second.Urls[0])];
            var ledgers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
            {
                var ledger = new Dictionary<string, string?>();
                for (var index = 0; index < Each; index++)
                {
                    var (id, here, there) = ($"c{client}-{index}", addresses[(client + index) % 2], addresses[(client + index + 1) % 2]);
                    await server.PostWell(Path, new JsonObject { ["id"] = id, ["text"] = $"{id}, a bird" }, here);
                    if (index % 3 > 0)
                        await Well(HttpMethod.Put, $"/{id}", new JsonObject { ["text"] = $"{id}, edited" }, there);
                    if (index % 3 > 1)
                        await Well(HttpMethod.Delete, $"/{id}", null, here);
                    ledger[id] = index % 3 == 0 ? $"{id}, a bird" : index % 3 == 1 ? $"{id}, edited" : null;
                }
                return ledger;
            }));
            foreach (var (id, text) in ledgers.SelectMany(ledger => ledger))
                expected[id] = text;
            foreach (var address in addresses)
                await AreThere(address);
        }
        await using var third = await RunningServer.Another(options);
        await AreThere(new Uri(third.Urls[0]));

        async Task AreThere(Uri address)
        {
            foreach (var (id, text) in expected)
            {
                var (status, body, _) = await server.Send(HttpMethod.Get, $"{Path}/{id}?predict=0", null, address);
                Assert.Equal((text is null ? 404 : 200, text), (status, (string?)body!["text"]));
            }
        }
    }

    [Fact]
    public async Task Pages_hold_every_entity_once_while_others_are_added_and_deleted()
    {
        await using var other = await RunningServer.Another(server.Options() with { IndexFolder = server.File("paged-index") });
        var address = new Uri(other.Urls[0]);
        var (seen, turn) = (new List<string>(), 0);
        for (string? next = ""; next is not null; turn++)
        {
            var page = (await server.Send(
                HttpMethod.Get, $"{Path}?limit=9{(turn == 0 ? "" : $"&after={Uri.EscapeDataString(next)}")}", null, address)).Body!;
            seen.AddRange(page["entities"]!.AsArray().Select(entity => (string)entity!["id"]!));
            next = (string?)page["next"];
            // Before and behind the page; the one at which the next page begins is deleted.
            await server.PostWell(Path, new JsonObject { ["id"] = $"A{turn}", ["text"] = "a" }, address);
            await server.PostWell(Path, new JsonObject { ["id"] = $"z{turn}", ["text"] = "z" }, address);
            if (next is not null && !next.StartsWith('z'))
                await Well(HttpMethod.Delete, $"/{Uri.EscapeDataString(next)}", null, address);
        }
        Assert.Equal(seen.Distinct(), seen);
        Assert.Empty(server.Graph.Entities.Select(entity => entity.Id).Except(seen));
        Assert.InRange(turn, 12, 30);
    }

    [Fact]
    public async Task A_damaged_log_is_named_not_written_to_and_no_reason_not_to_serve()
    {
        var options = server.Options() with { IndexFolder = server.File("damaged-index") };
        string path;
        await using (var first = await RunningServer.Another(options))
        {
            path = first.Host.Served.Catalog.Log.Path;
            foreach (var id in new[] { "one", "two", "three" })
                await server.PostWell(Path, new JsonObject { ["id"] = id, ["text"] = $"{id}, a bird" }, new Uri(first.Urls[0]));
        }
        var lines = System.IO.File.ReadAllLines(path);
        System.IO.File.WriteAllLines(path, [lines[0], lines[1][..^5], lines[2]]);
        var content = System.IO.File.ReadAllBytes(path);
        await using var second = await RunningServer.Another(options);
        var address = new Uri(second.Urls[0]);
        var fault = await server.Fault(Path, """{"text":"late"}""", 409, null, address);
        Assert.Contains($"{path}(2): ", (string?)fault["message"], StringComparison.Ordinal);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, $"{Path}/one", null, address)).Status);
        Assert.Equal(404, (await server.Send(HttpMethod.Get, $"{Path}/two", null, address)).Status);
        Assert.Equal(content, System.IO.File.ReadAllBytes(path));
        // Mended while it runs, it counts again.
        System.IO.File.WriteAllLines(path, lines);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, $"{Path}/three", null, address)).Status);
        await server.PostWell(Path, new JsonObject { ["text"] = "in time" }, address);
    }

    [Theory]
    [InlineData("/bird", "{}", 400, null)]
    [InlineData("/bird", """{"text":" "}""", 400, "text")]
    [InlineData("/bird", """{"name":" "}""", 400, "name")]
    [InlineData("/nobody", """{"text":"a"}""", 404, "id")]
    public async Task Faults_of_edits_are_told(string id, string body, int status, string? param)
    {
        var (found, told, _) = await server.Send(HttpMethod.Put, Path + id, JsonNode.Parse(body));
        Assert.Equal((status, param), (found, (string?)told!["error"]!["param"]));
        RunningServer.IsError(told);
    }

    private async Task<JsonNode?> Well(HttpMethod method, string id, JsonObject? body, Uri address)
    {
        var (status, answer, _) = await server.Send(method, Path + id, body, address);
        Assert.True(status is 200 or 204, $"{method} {id}: {status} {answer}");
        return answer;
    }
}
