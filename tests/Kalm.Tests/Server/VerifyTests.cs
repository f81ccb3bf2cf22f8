using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class VerifyTests(RunningServer server)
{
    private const string Path = "/v1/verify";

    [Fact]
    public async Task A_fact_of_the_graph_is_true_and_the_reverse_reading_is_the_same_fact()
    {
        var triple = server.Graph.Test.First(triple => triple.Relation == 0);
        var (head, tail) = (server.Graph.Entities[triple.Head].Id, server.Graph.Entities[triple.Tail].Id);
        var found = await server.PostWell(Path, new JsonObject { ["head"] = head, ["relation"] = "kind_of", ["tail"] = tail });
        Assert.Equal(("true", "test"), ((string?)found["verdict"], (string?)found["split"]));
        Assert.Contains("the graph holds it, in test", found["for"]!.AsArray().Select(reason => (string)reason!));
        var back = await server.PostWell(Path, new JsonObject { ["head"] = tail, ["relation"] = "has kind", ["tail"] = head });
        Assert.Equal(found.ToJsonString(), back.ToJsonString());
        Assert.Equal(3, found["explanation"]!.AsArray().Count);
    }

    [Fact]
    public async Task What_contradicts_a_function_is_false_and_names_what_it_contradicts()
    {
        var triple = server.Graph.Train.First(triple => triple.Relation == 0);
        var (head, tail) = (server.Graph.Entities[triple.Head], server.Graph.Entities[triple.Tail == 0 ? 1 : 0]);
        var found = await server.PostWell(Path, new JsonObject { ["head"] = head.Id, ["relation"] = "kind_of", ["tail"] = tail.Id });
        Assert.Equal("false", (string?)found["verdict"]);
        var against = Assert.Single(found["contradictions"]!.AsArray())!;
        Assert.Equal(server.Graph.Entities[triple.Tail].Id, (string?)against["tail"]!["id"]);
    }

    [Fact]
    public async Task Library_service_and_command_line_say_the_same_to_the_last_digit()
    {
        // Enough of valid to fit to.
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make(40);
        var graph = files.Load();
        var path = TinyModel.Make(folder, graph);
        await using var other = await RunningServer.Another(server.Options() with { Model = path, Graph = files.Path });
        var address = new Uri(other.Urls[0]);
        using var model = new LoadedModel(OpenedModel.Open(path), threads: 2);
        var root = EntityIndex.RootOf(model.Opened);
        using var completer = Completer.Open(model, Catalog.Open(graph, root), root, null, RunningServer.Cancellation);
        Assert.NotNull(completer.Index.Calibration.Facts);
        var json = folder.File("verified.json");
        foreach (var triple in graph.Test.Take(2).Append(new Triple(20, 0, 2)))
        {
            var judged = completer.Verify([FactClaim.Of(graph, triple)], RunningServer.Cancellation)[0];
            var (head, tail) = (graph.Entities[triple.Head].Id, graph.Entities[triple.Tail].Id);
            var relation = graph.Relations[triple.Relation].Id;
            var found = await server.PostWell(
                Path, new JsonObject { ["head"] = head, ["relation"] = relation, ["tail"] = tail }, address);
            Assert.Equal(judged.Probability, (double?)found["probability"]);
            Assert.Equal(FactWords.Of(judged.Verdict), (string?)found["verdict"]);
            CommandLine.Run("verify", "--model", path, "--graph", files.Path, "--head", head, "--relation", relation, "--tail", tail,
                "--threads", "2", "--json", json).IsSuccess();
            var told = JsonNode.Parse(System.IO.File.ReadAllText(json))!;
            Assert.Equal(judged.Probability, (double?)told["probability"]);
            Assert.Equal(FactWords.Of(judged.Verdict), (string?)told["verdict"]);
        }
        var asked = await server.PostWell("/v1/complete", new JsonObject { ["head"] = graph.Entities[20].Id, ["relation"] = "kind_of" },
            address);
        Assert.All(asked["results"]!.AsArray(), result => Assert.InRange((double)result!["fact_probability"]!, 0, 1));
        Assert.All(asked["results"]!.AsArray().Where(result => (bool)result!["known"]!), result =>
            Assert.Equal("true", (string?)result!["verdict"]));
        var without = await server.PostWell(
            "/v1/complete", new JsonObject { ["head"] = graph.Entities[20].Id, ["relation"] = "kind_of", ["facts"] = false }, address);
        Assert.All(without["results"]!.AsArray(), result => Assert.Null(result!["verdict"]));
        var measured = CommandLine.Run("evaluate", "facts", "--model", path, "--graph", files.Path, "--limit", "20", "--threads", "2",
            "--plot", folder.File("plot.png"), "--json", json).IsSuccess();
        Assert.Contains("calibration error", measured.Output, StringComparison.Ordinal);
        Assert.True(new FileInfo(folder.File("plot.png")).Length > 1000);
        Assert.Equal(20, (int)JsonNode.Parse(System.IO.File.ReadAllText(json))!["true_facts"]!);
        var suggested = CommandLine.Run("suggest", "--model", path, "--graph", files.Path, "--queries", "40", "--threads", "2",
            "--out", folder.File("queue.tsv")).IsSuccess();
        Assert.Contains("facts to look at", suggested.Output, StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(folder.File("queue.tsv")));
    }

    [Fact]
    public async Task Where_valid_is_too_small_to_tell_nothing_is_stated()
    {
        // The server's graph holds out eighteen triples.
        var found = await server.PostWell(Path, new JsonObject
        {
            ["head"] = "a frog that nobody knows", ["relation"] = "kind_of", ["tail"] = "frog",
        });
        Assert.Null(found["probability"]);
        Assert.Equal("unknown", (string?)found["verdict"]);
    }

    [Fact]
    public async Task A_sentence_states_the_triple()
    {
        var triple = server.Graph.Test.First(triple => triple.Relation == 0);
        var (head, tail) = (server.Graph.Entities[triple.Head].Name, server.Graph.Entities[triple.Tail].Name);
        var found = await server.PostWell(Path, new JsonObject { ["text"] = $"{head} is a kind of {tail}." });
        Assert.Equal((head, "kind_of", tail, "true"), ((string?)found["head"]!["id"], (string?)found["relation"]!["id"],
            (string?)found["tail"]!["id"], (string?)found["verdict"]));
        var line = CommandLine.Run("verify", "--model", server.Model, "--graph", server.Graph.Path, $"{head} is a kind of {tail}.")
            .IsSuccess();
        Assert.Contains("true", line.Output, StringComparison.Ordinal);
        await server.Fault(Path, """{"text":"frog13 is not a kind of frog"}""", param: "text");
        await server.Fault(Path, """{"text":"frog13 kind of","head":"frog13"}""", param: "text");
    }

    [Theory]
    [InlineData("""{"head":"frog13","tail":"frog5"}""", "relation")]
    [InlineData("""{"head":"frog13","relation":"kind_of"}""", "tail")]
    [InlineData("""{"head":"frog13","relation":"is_like","tail":"frog5"}""", "relation")]
    [InlineData("""{"head":"frog13","relation":"kind_of","tail":"frog5","explain":99}""", "explain")]
    [InlineData("""{"head":"frog13","relation":"kind_of","tail":"frog5","precision":0.9}""", "precision")]
    public Task What_is_missing_or_unknown_is_named(string json, string param) => server.Fault(Path, json, param: param);

    [Theory]
    [InlineData("--precision", "1.5")]
    [InlineData("--precision", "0")]
    [InlineData("--relation", "is_like")]
    public void The_command_line_names_what_is_wrong(string option, string value)
    {
        var line = CommandLine.Run("verify", "--model", server.Model, "--graph", server.Graph.Path, "--head", "frog13", "--tail", "frog5",
            "--relation", option == "--relation" ? value : "kind_of", "--precision", option == "--precision" ? value : "0.5");
        Assert.Equal(1, line.ExitCode);
        Assert.Contains(option, line.Error, StringComparison.Ordinal);
    }
}
