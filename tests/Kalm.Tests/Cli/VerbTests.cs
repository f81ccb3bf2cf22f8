using System.Text.Json.Nodes;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public class VerbTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Fact]
    public void Pretrain_tells_what_it_made()
    {
        foreach (var word in new[] { tiny.Model, "parameters", "vocabulary", "nats", "perplexity" })
            Assert.Contains(word, tiny.Pretrained.Output, StringComparison.Ordinal);
        Assert.Equal(32, ModelConfig.Load(tiny.Model).MaxPositions);
        Assert.Contains("step 2/2", tiny.Pretrained.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_writes_every_figure_as_json()
    {
        var (json, ranks) = (tiny.File("completion.json"), tiny.File("ranks.tsv"));
        var line = CommandLine.Run(
            "evaluate", "completion", "--model", tiny.Model, "--graph", tiny.Graph,
            "--json", json, "--ranks", ranks, "--threads", "1", "--quiet").IsSuccess();
        Assert.Equal("", line.Error);
        Assert.Contains("both without leaked queries", line.Output, StringComparison.Ordinal);
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal("test", (string?)report["split"]);
        Assert.Equal(2, (int)report["queries"]!);
        Assert.Equal(4, (int)report["candidates"]!);
        foreach (var side in new[]
        {
            report["tail"], report["head"], report["both"], report["ties"]!["optimistic"], report["ties"]!["pessimistic"],
        })
            foreach (var measure in new[] { "mr", "mrr", "hits@1", "hits@3", "hits@10" })
                Assert.True(side![measure]!.GetValue<double>() >= 0, measure);
        // The one test triple is symmetric and stands in train the other way round.
        Assert.True(report.AsObject().ContainsKey("both_without_leaked"));
        Assert.Null(report["both_without_leaked"]);
        Assert.Equal("_similar_to", (string?)report["relations"]![0]!["relation"]);
        Assert.Equal(tiny.Model, (string?)report["model"]);
        Assert.Equal(tiny.Graph, (string?)report["graph"]);
        Assert.True(report.AsObject().ContainsKey("adapter_sha256"));
        Assert.Null(report["adapter_sha256"]);
        Assert.True((double)report["seconds"]! > 0);
        Assert.Equal(["truck\t_similar_to\tcar\ttail", "truck\t_similar_to\tcar\thead"],
            File.ReadAllLines(ranks).Skip(1).Select(row => string.Join('\t', row.Split('\t').Take(4))));
    }

    [Fact]
    public void Ranks_come_from_vectors_that_are_kept()
    {
        var (kept, first, second, plain) = (tiny.File("kept"), tiny.File("first.tsv"), tiny.File("second.tsv"), tiny.File("plain.tsv"));
        Rank("--vectors", kept, "--ranks", first);
        var rows = File.ReadAllBytes(Path.Combine(kept, "rows.f32"));
        Assert.Equal(4 * ModelConfig.Load(tiny.Model).HiddenSize * sizeof(float), rows.Length);
        Assert.Contains($"takes the vectors of 4 texts from {kept}", Rank("--vectors", kept, "--ranks", second).Error,
            StringComparison.Ordinal);
        Rank("--ranks", plain);
        // Texts that are encoded beside others differ in the last bit of a score.
        Assert.Equal(Ranks(plain), Ranks(first));
        Assert.Equal(File.ReadAllText(first), File.ReadAllText(second));

        // Of another graph they are not, and what they are is not overwritten.
        using var other = SmallGraph.Kalm()
            .With("entityId2text.dict", "0\tcar, a road vehicle\n1\twheel, a round part\n2\tspoke, a thin rod\n3\ttruck, a big vehicle\n");
        CommandLine.Run("evaluate", "completion", "--model", tiny.Model, "--graph", other.Path, "--vectors", kept, "--quiet")
            .IsFault("holds other vectors", "remove the folder");
        Assert.Equal(rows, File.ReadAllBytes(Path.Combine(kept, "rows.f32")));

        CommandLine.Run("evaluate", "completion", "--model", tiny.Model, "--graph", tiny.Graph, "--vectors", plain, "--quiet")
            .IsFault(plain, "found a file; expected a folder");

        static string[] Ranks(string file) => [.. File.ReadAllLines(file).Select(row => string.Join('\t', row.Split('\t').Take(7)))];

        CommandLine Rank(params string[] more) => CommandLine.Run(
            ["evaluate", "completion", "--model", tiny.Model, "--graph", tiny.Graph, "--threads", "1", .. more]).IsSuccess();
    }

    [Fact]
    public void An_empty_split_is_a_fault()
    {
        using var graph = SmallGraph.Kalm().Without("test.txt");
        CommandLine.Run("evaluate", "completion", "--model", tiny.Model, "--graph", graph.Path)
            .IsFault("--split test", "try --split valid");
        CommandLine.Run("embed", "--model", tiny.Model, "--graph", graph.Path, "--out", tiny.File("none"), "--queries", "test")
            .IsFault("--queries test");
    }

    [Fact]
    public void A_result_that_could_not_be_written_is_a_fault_before_the_work() =>
        CommandLine.Run("evaluate", "completion", "--model", tiny.Model, "--graph", tiny.Graph, "--json", tiny.File("no/such/file.json"))
            .IsFault("--json", "does not exist");

    [Fact]
    public void Align_takes_a_recipe_which_flags_beat_and_its_run_can_be_evaluated()
    {
        var recipe = tiny.Write("recipe.json", """
            { "method": "full", "seed": 7, "budget": { "epochs": 3 }, "batches": { "triples": 3 }, "lora": { "rank": 2 } }
            """);
        var (run, json) = (tiny.File("run"), tiny.File("aligned.json"));
        var line = CommandLine.Run(
            "align", "--model", tiny.Model, "--graph", tiny.Graph, "--out", run,
            "--recipe", recipe, "--method", "lora", "--steps", "2", "--batch", "2",
            "--validations", "1", "--threads", "1").IsSuccess();
        Assert.Contains($"kalm evaluate completion --model {run} --graph {tiny.Graph}", line.Output, StringComparison.Ordinal);
        Assert.Contains("complete", line.Output, StringComparison.Ordinal);
        // What the process of the tests holds counts too.
        Assert.Matches(@"memory: about \d+\.\d GB at the peak, of \d+\.\d GB: base 0\.0, learned 0\.0, ", line.Error);
        var options = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "run.json")))!["options"]!;
        Assert.Equal("lora", (string?)options["method"]);
        Assert.Equal(2, (int)options["budget"]!["steps"]!);
        Assert.Null(options["budget"]!["epochs"]);
        Assert.Equal(2, (int)options["batches"]!["triples"]!);
        Assert.Equal(7, (int)options["seed"]!);
        Assert.Equal(2, (int)options["lora"]!["rank"]!);

        CommandLine.Run("evaluate", "completion", "--model", run, "--graph", tiny.Graph, "--json", json, "--threads", "1").IsSuccess();
        Assert.Matches("^[0-9a-f]{64}$", (string?)JsonNode.Parse(File.ReadAllText(json))!["adapter_sha256"]);
    }

    [Fact]
    public void A_fault_in_a_recipe_names_its_file()
    {
        var unknown = tiny.Write("unknown.json", "{\n  \"batches\": { \"triples\": 3 },\n  \"model\": \"base\"\n}");
        Align(unknown).IsFault($"{unknown}(3)", "'model'");
        var senseless = tiny.Write("senseless.json", """{ "explicit": { "margin": 3 } }""");
        Align(senseless).IsFault(senseless, "explicit.margin: found 3");
        Align(tiny.File("absent.json")).IsFault("--recipe", "no such file");

        CommandLine Align(string recipe) =>
            CommandLine.Run("align", "--model", tiny.Model, "--graph", tiny.Graph, "--out", tiny.File("never"), "--recipe", recipe);
    }

    [Fact]
    public void Embed_writes_a_unit_vector_for_each_row_of_its_tables()
    {
        using var graph = SmallGraph.Kalm()
            .With("entityId2text.dict", "0\tcar, a road vehicle\n1\twheel, a round part\n2\tspoke, a rod\n3\tcar, a road vehicle\n");
        var folder = tiny.File("vectors");
        CommandLine.Run("embed", "--model", tiny.Model, "--graph", graph.Path, "--out", folder, "--queries", "test", "--threads", "1")
            .IsSuccess();
        var entities = Vectors(Path.Combine(folder, "entities.safetensors"), 4);
        Assert.Equal(entities[0], entities[3]);
        Assert.NotEqual(entities[0], entities[1]);
        Assert.All(entities.Concat(Vectors(Path.Combine(folder, "queries.safetensors"), 2)),
            vector => Assert.Equal(1, Math.Sqrt(vector.Sum(value => (double)value * value)), 4));
        Assert.Equal(
            ["row\tid\ttext", "0\tcar\tcar, a road vehicle", "1\twheel\twheel, a round part",
                "2\tspoke\tspoke, a rod", "3\ttruck\tcar, a road vehicle"],
            File.ReadAllLines(Path.Combine(folder, "entities.tsv")));
        Assert.Equal(
            ["row\thead\trelation\ttail\tdirection", "0\ttruck\t_similar_to\tcar\ttail", "1\ttruck\t_similar_to\tcar\thead"],
            File.ReadAllLines(Path.Combine(folder, "queries.tsv")));
    }

    [Fact]
    public void Tokenize_prints_the_ids_on_the_first_line()
    {
        var json = tiny.File("tokens.json");
        var lines = CommandLine.Run("tokenize", "--model", tiny.Model, "@a car", "--json", json)
            .IsSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var ids = lines[0].Split(' ').Select(int.Parse).ToArray();
        Assert.Equal(ids.Length + 1, lines.Length);
        Assert.Equal("@aĠcar", string.Concat(lines.Skip(1).Select(line => line.Split('\t')[1])));
        var tokens = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal(ids, tokens["ids"]!.AsArray().Select(id => (int)id!));
        var file = tiny.Write("text.txt", "@a car");
        Assert.Equal(lines, CommandLine.Run("tokenize", "--model", tiny.Model, "--file", file)
            .IsSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Inspect_shows_what_a_model_will_see()
    {
        var json = tiny.File("graph.json");
        var line = CommandLine.Run("graph", "inspect", tiny.Graph, "--json", json).IsSuccess();
        Assert.Contains("car, a road vehicle, has part ]", line.Output, StringComparison.Ordinal);
        Assert.Contains("(symmetric)", line.Output, StringComparison.Ordinal);
        Assert.Equal(3, (int)JsonNode.Parse(File.ReadAllText(json))!["summary"]!["triples"]!["train"]!);
    }

    private static List<float[]> Vectors(string path, int rows)
    {
        using var file = SafetensorsFile.Open(path);
        var entry = file.Find("embeddings");
        Assert.Equal(TensorType.F32, entry.Type);
        Assert.Equal(rows, entry.Shape[0]);
        var values = new float[entry.ElementCount];
        file.ReadSingles(entry, 0, values);
        return [.. values.Chunk((int)entry.Shape[1])];
    }
}
