using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

public class MeasureVerbTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Fact]
    public void Text_writes_its_figures_as_json()
    {
        var (text, json) =
            (tiny.Write("text.txt", "the car has a wheel,\n\nand the wheel has a spoke; " + new string('x', 100)), tiny.File("text.json"));
        var line = CommandLine.Run("evaluate", "text", "--model", tiny.Model, "--text", text, "--json", json, "--threads", "1", "--quiet")
            .IsSuccess();
        Assert.Equal("", line.Error);
        Assert.Contains("perplexity", line.Output, StringComparison.Ordinal);
        var ids = CommandLine.Run("tokenize", "--model", tiny.Model, "--file", text).IsSuccess().Output.Split('\n')[0].Split(' ').Length;
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal(ids, (int)report["tokens"]!);
        Assert.Equal(ids - 1, (int)report["predicted"]!);
        Assert.Equal(Math.Exp((double)report["nll"]! / (ids - 1)), (double)report["perplexity"]!, 1e-6);
        Assert.Equal((32, 16), ((int)report["window"]!, (int)report["stride"]!));
    }

    [Fact]
    public void Text_that_cannot_be_measured_is_a_fault()
    {
        Text("", []).IsFault("--text", "found an empty file");
        Text("a", []).IsFault("one token", "at least two");
        Text("a car", ["--window", "33"]).IsFault("window: found 33", "2 to 32");
        Text("a car", ["--window", "8", "--stride", "8"]).IsFault("stride: found 8", "1 to 7");
        Measure(tiny.File("absent.txt"), []).IsFault("no such file");
        foreach (var bytes in new byte[][] { [65, 0x80], [0xff, 0xfe, 65, 0, 66, 0] })
        {
            File.WriteAllBytes(tiny.File("bytes.txt"), bytes);
            Measure(tiny.File("bytes.txt"), []).IsFault("not UTF-8");
        }

        CommandLine Text(string content, string[] more) => Measure(tiny.Write("text.txt", content), more);
        CommandLine Measure(string file, string[] more) =>
            CommandLine.Run(["evaluate", "text", "--model", tiny.Model, "--text", file, .. more]);
    }

    [Fact]
    public void Geometry_writes_its_figures_as_json_and_a_heat_map()
    {
        var (json, plot) = (tiny.File("geometry.json"), tiny.File("geometry.png"));
        var line = CommandLine.Run(
            "evaluate", "geometry", "--model", tiny.Model, "--graph", tiny.Graph,
            "--pairs", "20", "--json", json, "--plot", plot, "--threads", "1").IsSuccess();
        foreach (var word in new[] { "anisotropy", "20 random pairs", "uniformity", "alignment", "2 queries" })
            Assert.Contains(word, line.Output, StringComparison.Ordinal);
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.InRange((double)report["anisotropy"]!, -1, 1);
        Assert.InRange((double)report["uniformity"]!, -8, 0);
        Assert.InRange((double)report["alignment"]!, 0, 4);
        Assert.Equal((20, 2), ((int)report["pairs"]!, (int)report["positive_pairs"]!));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(plot)[..4]);
        CommandLine.Run("evaluate", "geometry", "--model", tiny.Model, "--graph", tiny.Graph, "--plot", tiny.File("no/such.png"))
            .IsFault("--plot", "does not exist");
    }

    [Fact]
    public void Complete_predicts_tails_heads_and_relations()
    {
        var tails = Complete(["--head", "car", "--relation", "_has_part"], out var table);
        Assert.Contains("car · has part · ?", table.Output, StringComparison.Ordinal);
        Assert.Equal("tail", (string?)tails["predicted"]);
        Assert.Equal("car", (string?)tails["head"]!["id"]);
        Assert.Equal(["spoke", "truck", "wheel"], tails["results"]!.AsArray().Select(item => (string?)item!["id"]).Order());
        var wheel = tails["results"]!.AsArray().Single(item => (string?)item!["id"] == "wheel")!;
        Assert.Equal((true, "train"), ((bool)wheel["known"]!, (string?)wheel["split"]));
        // What is known does not share in the probability of what is new.
        Assert.Equal(1, tails["results"]!.AsArray().Where(item => !(bool)item!["known"]!).Sum(item => (double)item!["probability"]!), 1e-6);

        // (?, has part, wheel) is (wheel, part of, ?).
        var heads = Complete(["--tail", "wheel", "--relation", "_has_part"], out _);
        Assert.Equal("head", (string?)heads["predicted"]);
        var backwards = Complete(["--head", "wheel", "--relation", "part of"], out _);
        Assert.True((bool)backwards["relation"]!["inverse"]!);
        Assert.Equal(heads["results"]!.ToJsonString(), backwards["results"]!.ToJsonString());

        var relations = Complete(["--head", "car", "--tail", "wheel", "--top", "2"], out table);
        Assert.Equal("relation", (string?)relations["predicted"]);
        Assert.Equal(2, relations["results"]!.AsArray().Count);
        Assert.Contains("car · ? · wheel", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_takes_a_text_that_the_graph_does_not_hold_and_says_so()
    {
        var found = Complete(["--head", "boat, a vessel", "--relation", "similar to", "--top", "9"], out var line);
        Assert.Contains("--head: 'boat, a vessel' is no id or name", line.Error, StringComparison.Ordinal);
        Assert.Equal(4, found["results"]!.AsArray().Count);
        Assert.Null(found["head"]!["id"]);
        Assert.Equal("boat, a vessel", (string?)found["head"]!["text"]);
        Complete(["--head", "truk", "--relation", "similar to"], out line);
        Assert.Contains("the graph has 'truck'", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_names_what_it_cannot_use()
    {
        using var graph = Graph.SmallGraph.Kalm().With("entityText_short.txt", "vehicle\nwheel\nspoke\nvehicle\n");
        Run(graph.Path, "--head", "vehicle", "--relation", "_has_part").IsFault("--head", "2 entities", "truck:");
        Run(tiny.Graph, "--head", "car", "--relation", "_has_prat").IsFault("--relation", "did you mean '_has_part'?");
        Run(tiny.Graph, "--head", "car").IsFault("found --head", "two of them");
        Run(tiny.Graph).IsFault("found none", "two of them");
        Run(tiny.Graph, "--head", "car", "--relation", "_has_part", "--tail", "wheel").IsFault("two of them");
        Run(tiny.Graph, "--head", "car", "--tail", "wheel", "--rerank").IsFault("--rerank", "expected --relation");
        Run(tiny.Graph, "--head", "car", "--relation", "_has_part", "--rerank")
            .IsFault("has no re-ranker", $"kalm align --stage rerank --model {tiny.Model}");

        CommandLine Run(string path, params string[] more) =>
            CommandLine.Run(["complete", "--model", tiny.Model, "--graph", path, .. more]);
    }

    private JsonNode Complete(string[] asked, out CommandLine line)
    {
        var json = tiny.File("complete.json");
        line = CommandLine.Run(["complete", "--model", tiny.Model, "--graph", tiny.Graph, .. asked, "--json", json, "--threads", "1"])
            .IsSuccess();
        return JsonNode.Parse(File.ReadAllText(json))!;
    }
}
