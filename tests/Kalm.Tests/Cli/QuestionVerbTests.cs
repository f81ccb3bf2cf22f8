using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

/// <summary>The verbs that make a model write, on a model that has learned next to nothing.</summary>
public sealed class QuestionVerbTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Kalm.Tests.Graph.SmallGraph graph = FamilyGraph.Make();
    private readonly string model;

    public QuestionVerbTests()
    {
        model = folder.File("base");
        var text = folder.Write("text.txt",
            string.Join("\n\n", Enumerable.Range(0, 60).Select(number => $"A plain text of number {number}, which nobody has asked for.")));
        CommandLine.Run("pretrain", "--text", text, "--graph", graph.Path, "--hold-out", "0.1",
            "--steps", "3", "--vocabulary", "300", "--out", model, "--quiet").IsSuccess();
    }

    [Fact]
    public void Held_out_texts_lie_beside_the_model()
    {
        Assert.Equal(6, File.ReadAllText(Path.Combine(model, "held-out-text.txt")).Split("\n\n").Length);
        Assert.InRange(File.ReadAllText(Path.Combine(model, "held-out-descriptions.txt")).Split("\n\n").Length, 9, 12);
        CommandLine.Run("pretrain", "--graph", graph.Path, "--hold-out", "1.5", "--out", folder.File("other"))
            .IsFault("--hold-out", "below 1");
    }

    [Fact]
    public void Questions_are_asked_scored_and_written()
    {
        var (json, answers) = (folder.File("questions.json"), folder.File("answers.tsv"));
        var line = CommandLine.Run(
            "evaluate", "questions", "--model", model, "--graph", graph.Path, "--shots",
            "1", "--limit", "6", "--json", json, "--answers", answers).IsSuccess();
        Assert.Equal(4, line.Error.Split("example: ").Length - 1);
        var report = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal((1, true), ((int)report["shots"]!, (bool)report["with_descriptions"]!));
        foreach (var task in new[] { "head", "tail", "relation", "classification" })
        {
            Assert.Contains(task, line.Output, StringComparison.Ordinal);
            Assert.Equal(6, (int)report["tasks"]![task]!["questions"]!);
            foreach (var name in new[] { "exact", "normalised", "linked", "constrained" })
                Assert.InRange((double)report["tasks"]![task]![name]!, 0, 1);
        }
        var lines = File.ReadAllLines(answers);
        Assert.Equal(25, lines.Length);
        Assert.All(lines, row => Assert.Equal(11, row.Split('\t').Length));
        CommandLine.Run("evaluate", "questions", "--model", model, "--graph", graph.Path, "--tasks", "tail,tails")
            .IsFault("--tasks", "tail,tails");
    }

    [Fact]
    public void A_question_is_answered_and_the_seed_decides()
    {
        string[] ask = ["ask", "Which animal is it?", "--model", model, "--max-tokens", "12", "--temperature", "0.8"];
        var first = CommandLine.Run(ask).IsSuccess().Output;
        Assert.Equal(first, CommandLine.Run(ask).IsSuccess().Output);
        Assert.NotEqual(first, CommandLine.Run([.. ask, "--seed", "5"]).IsSuccess().Output);
        // No entity is named, so the model's own words follow, marked as such.
        Assert.Equal(
            "unknown: it names no entity of the graph\nthe model's own words, not from the graph:\n" + first,
            CommandLine.Run([.. ask, "--graph", graph.Path]).IsSuccess().Output);
        Assert.Equal(first, CommandLine.Run([.. ask, "--graph", graph.Path, "--grounded", "never"]).IsSuccess().Output);
        CommandLine.Run("ask", " ", "--model", model).IsFault("QUESTION");
        CommandLine.Run("ask", new string('x', 3000), "--model", model).IsFault("does not fit");
        CommandLine.Run("ask", "x", "--model", model, "--top-p", "1.5").IsFault("top_p");
    }

    [Fact]
    public void A_question_whose_fact_the_graph_holds_is_answered_from_it_with_the_fact()
    {
        var json = folder.File("answer.json");
        string[] ask = ["--model", model, "--graph", graph.Path, "--json", json, "--max-tokens", "4"];
        Assert.Equal(
            "bird\nfrom the graph:\n  bird0 · kind of · bird\n",
            CommandLine.Run(["ask", "What kind is bird0?", .. ask]).IsSuccess().Output);
        var answer = JsonNode.Parse(File.ReadAllText(json))!;
        Assert.Equal(("graph", "bird"), ((string?)answer["kind"], (string?)answer["answer"]));
        Assert.Equal("bird0", (string?)answer["facts"]![0]!["head"]!["id"]);

        Assert.StartsWith("unknown: ", CommandLine.Run(["ask", "What is the capital of bird0?", .. ask, "--grounded", "only"]).IsSuccess()
            .Output, StringComparison.Ordinal);
        Assert.Null((string?)JsonNode.Parse(File.ReadAllText(json))!["words"]);
        CommandLine.Run("ask", "x", "--model", model, "--grounded", "only").IsFault("--grounded only", "--graph");
        CommandLine.Run("ask", "x", "--model", model, "--json", json).IsFault("--json", "--graph");
    }

    [Fact]
    public void An_ablation_measures_the_base_and_three_runs()
    {
        var output = folder.File("ablation");
        var line = CommandLine.Run(
            "ablate", "--model", model, "--graph", graph.Path, "--steps", "2",
            "--questions", "4", "--limit", "5", "--out", output, "--quiet").IsSuccess();
        var report = JsonNode.Parse(File.ReadAllText(Path.Combine(output, "ablation.json")))!;
        foreach (var name in new[] { "base", "explicit", "implicit", "joint" })
        {
            Assert.Contains(name, line.Output, StringComparison.Ordinal);
            Assert.InRange((double)report[name]!["mrr"]!, 0, 1);
            Assert.True((double)report[name]!["text_perplexity"]! > 1);
            Assert.True((double)report[name]!["descriptions_perplexity"]! > 1);
            Assert.InRange((double)report[name]!["anisotropy"]!, -1, 1);
            Assert.Equal(4, (int)report[name]!["questions"]!["tail"]!["questions"]!);
        }
        var lines = new[] { "explicit", "implicit", "joint" }.ToDictionary(
            name => name, name => File.ReadAllLines(Path.Combine(output, name, "metrics.jsonl"))[0]);
        Assert.DoesNotContain("\"implicit\"", lines["explicit"], StringComparison.Ordinal);
        Assert.DoesNotContain("\"explicit\"", lines["implicit"], StringComparison.Ordinal);
        Assert.Contains("\"implicit\"", lines["joint"], StringComparison.Ordinal);
        CommandLine.Run("ablate", "--model", model, "--graph", graph.Path, "--steps", "2", "--out", output).IsFault("--out", "not empty");
    }

    [Fact]
    public void A_model_is_held_to_its_base_on_plain_text_which_belongs_to_what_a_run_is_resumed_with()
    {
        var text = folder.File("text.txt");
        string[] align =
        [
            "align", "--model", model, "--graph", graph.Path, "--steps", "4", "--save-every", "2", "--quiet",
            "--recipe", folder.Write("full.json", """{ "method": "full" }"""), "--out",
        ];
        CommandLine.Run([.. align, folder.File("run"), "--text", text]).IsSuccess();
        var metrics = File.ReadLines(Path.Combine(folder.File("run"), "metrics.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(0, (double)metrics[0]["keep"]!, 1e-5);
        Assert.All(metrics.Skip(1), step => Assert.True((double)step["keep"]! > 0));
        var kept = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.File("run"), "run.json")))!["kept"]!;
        Assert.InRange((double)kept["perplexity_after"]! / (double)kept["perplexity_before"]!, 0.2, 5);
        Assert.Equal(5, kept["answers"]!.AsArray().Count);

        // As if it had been killed behind its first checkpoint.
        var run = folder.File("run");
        File.WriteAllText(Path.Combine(run, "run.json"),
            File.ReadAllText(Path.Combine(run, "run.json")).Replace("\"complete\"", "\"running\"", StringComparison.Ordinal));
        var hash = File.ReadAllBytes(Path.Combine(run, "model", "model.safetensors"));
        Directory.Delete(Path.Combine(run, "model"), recursive: true);
        Directory.Delete(Directory.GetDirectories(Path.Combine(run, "checkpoints")).Max()!, recursive: true);
        CommandLine.Run([.. align, run, "--resume"]).IsFault("sha256.plain_text");
        CommandLine.Run([.. align, run, "--resume", "--text", text]).IsSuccess();
        Assert.Equal(hash, File.ReadAllBytes(Path.Combine(run, "model", "model.safetensors")));
    }

    [Fact]
    public void One_short_text_is_enough_to_be_held_to()
    {
        var text = folder.Write("one.txt", "A single plain text.");
        CommandLine.Run(
            "align", "--model", model, "--graph", graph.Path, "--steps", "2", "--method", "full", "--quiet", "--out", folder.File("run"),
            "--text", text).IsSuccess();
        var kept = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.File("run"), "run.json")))!["kept"]!;
        Assert.Equal(1, (int)kept["texts"]!);
        Assert.True((double)kept["perplexity_after"]! > 1);
    }

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
