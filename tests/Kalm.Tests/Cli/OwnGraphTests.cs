using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Graph;

namespace Kalm.Tests.Cli;

/// <summary>A graph that is one file, through every verb that takes a graph.</summary>
public class OwnGraphTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    // Short words, because the tiny model has 32 positions.
    private static readonly string Triples = "head,relation,tail\n"
        + string.Concat(Enumerable.Range(0, 20).Select(index => $"n{index},to,n{(index + 1) % 20}\n"));

    [Fact]
    public void A_file_is_split_alike_by_every_verb()
    {
        var (graph, texts) = (tiny.Write("own.csv", Triples), tiny.Write("texts.tsv", "n0\tthe first\n"));
        var (run, json, vectors) = (tiny.File("own-run"), tiny.File("own.json"), tiny.File("own-vectors"));
        string[] read = ["--graph", graph, "--texts", texts, "--split", "0.8,0.1,0.1", "--seed", "5"];
        var aligned = CommandLine.Run([
            "align", "--model", tiny.Model, .. read, "--out", run, "--steps", "2", "--batch", "4", "--validations", "1", "--threads", "1",
        ]).IsSuccess();
        Assert.Contains($"next: kalm evaluate completion --model {run} --graph {graph} --texts {texts} --split 0.8,0.1,0.1 --seed 5",
            aligned.Output, StringComparison.Ordinal);
        var description = Json.Read<RunDescription>(Path.Combine(run, "run.json"));
        Assert.Equal(new GraphOptions { Texts = texts, Split = new SplitShares(0.8, 0.1, 0.1), Seed = 5 }, description.GraphOptions);
        Assert.Equal(description.Hashes.Graph, KnowledgeGraph.Load(graph, description.GraphOptions).Fingerprint());

        var evaluated = CommandLine.Run(
            ["evaluate", "completion", "--model", run, .. read, "--split", "valid", "--json", json, "--threads", "1"]).IsSuccess();
        Assert.DoesNotContain("another split", evaluated.Error, StringComparison.Ordinal);
        Assert.Equal("valid", (string?)JsonNode.Parse(File.ReadAllText(json))!["split"]);
        Assert.Equal(4, (int)JsonNode.Parse(File.ReadAllText(json))!["queries"]!);
        CommandLine.Run(["embed", "--model", run, .. read, "--out", vectors, "--queries", "test", "--threads", "1"]).IsSuccess();
        Assert.Equal(5, File.ReadAllLines(Path.Combine(vectors, "queries.tsv")).Length);
        Assert.Contains("0\tn0\tthe first", File.ReadAllLines(Path.Combine(vectors, "entities.tsv")));

        var other = CommandLine.Run("evaluate", "completion", "--model", run, "--graph",
            graph, "--split", "0.8,0.1,0.1", "--seed", "6", "--threads", "1").IsSuccess();
        Assert.Contains($"learned from another split of {graph}", other.Error, StringComparison.Ordinal);
        Assert.Contains($"its own is --texts {texts} --split 0.8,0.1,0.1 --seed 5", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_splits_is_divided_and_the_run_remembers_how()
    {
        var (graph, run, json) = (tiny.Write("undivided.csv", Triples), tiny.File("undivided-run"), tiny.File("undivided.json"));
        var line = CommandLine.Run("align", "--model", tiny.Model, "--graph", graph, "--seed", "3", "--out", run, "--steps", "2", "--batch",
            "4", "--threads", "1").IsSuccess();
        Assert.Contains("held out by seed 3: 2 triples for valid and 2 for test", line.Error, StringComparison.Ordinal);
        Assert.Equal(new GraphOptions { Split = new SplitShares(0.8, 0.1, 0.1), Seed = 3 },
            Json.Read<RunDescription>(Path.Combine(run, "run.json")).GraphOptions);
        Assert.Equal(4, Queries("--model", run));
        Assert.Equal(4, Queries("--model", run, "--graph", graph));
        Assert.Equal(4, Queries("--model", tiny.Model, "--graph", graph));
        CommandLine.Run("evaluate", "completion", "--model", tiny.Model, "--graph", tiny.Write("one.csv", "head,relation,tail\na,b,c\n"))
            .IsFault("no test triples", "as far as every entity and relation keeps a triple in train");
        CommandLine.Run("complete", "--model", run, "--head", "n3", "--relation", "to", "--threads", "1").IsSuccess();

        int Queries(params string[] read)
        {
            var evaluated = CommandLine.Run(["evaluate", "completion", .. read, "--json", json, "--threads", "1"]).IsSuccess();
            Assert.DoesNotContain("another split", evaluated.Error, StringComparison.Ordinal);
            return (int)JsonNode.Parse(File.ReadAllText(json))!["queries"]!;
        }
    }

    [Fact]
    public void All_of_a_file_is_learned_where_that_is_asked()
    {
        var (graph, run) = (tiny.Write("whole.csv", Triples), tiny.File("whole-run"));
        var line = CommandLine.Run("align", "--model", tiny.Model, "--graph", graph, "--split", "none", "--out", run, "--steps", "2",
            "--batch", "4", "--threads", "1").IsSuccess();
        Assert.Contains("no valid split", line.Error, StringComparison.Ordinal);
        Assert.Contains("no test split", line.Error, StringComparison.Ordinal);
        Assert.Equal(SplitShares.None, Json.Read<RunDescription>(Path.Combine(run, "run.json")).GraphOptions!.Split);
        CommandLine.Run("evaluate", "completion", "--model", run, "--graph", graph)
            .IsFault("--split test", "no test triples", "--split 0.8,0.1,0.1");
    }

    [Fact]
    public void A_long_list_of_relations_is_cut_and_told()
    {
        var lines = string.Concat(Enumerable.Range(0, 70).SelectMany(relation =>
            Enumerable.Range(0, 1 + (relation % 3)).Select(tail => $"n{relation},r{relation},n{100 + ((3 * relation) + tail)}\n")));
        var (graph, json) = (tiny.Write("many.csv", "head,relation,tail\n" + lines), tiny.File("many.json"));
        var line = CommandLine.Run("graph", "inspect", graph, "--json", json).IsSuccess();
        Assert.Contains("20 more relations, of at most 1 train triples: --json FILE lists all", line.Output, StringComparison.Ordinal);
        Assert.Equal(70, JsonNode.Parse(File.ReadAllText(json))!["summary"]!["relations"]!.AsArray().Count);

        var (run, test) = (tiny.File("many-run"), Directory.CreateDirectory(tiny.File("many-test")).FullName);
        foreach (var split in new[] { "train", "test" })
            File.WriteAllText(Path.Combine(test, split + ".txt"), lines.Replace(',', '\t'));
        CommandLine.Run(
            "align", "--model", tiny.Model, "--graph", graph, "--out", run, "--steps", "1", "--batch", "4", "--threads", "1").IsSuccess();
        line = CommandLine.Run(
            "evaluate", "completion", "--model", run, "--graph", test, "--json", json, "--threads", "1").IsSuccess();
        Assert.Contains("20 more relations, of at most 2 queries", line.Output, StringComparison.Ordinal);
        Assert.Equal(70, JsonNode.Parse(File.ReadAllText(json))!["relations"]!.AsArray().Count);
    }

    [Fact]
    public void A_base_model_can_be_made_from_the_texts_of_a_file()
    {
        var graph = tiny.Write("texts-only.csv", Triples);
        CommandLine.Run("pretrain", "--graph", graph, "--out", tiny.File(
            "own-base"), "--steps", "1", "--vocabulary", "260", "--context", "32", "--threads", "1", "--quiet").IsSuccess();
        CommandLine.Run("pretrain", "--text", graph, "--texts", graph, "--out", tiny.File("never"))
            .IsFault("options of a graph", "without --graph");
    }

    [Fact]
    public void Inspect_shows_and_writes_what_the_doctor_found()
    {
        var (graph, json) = (tiny.Write("doubtful.csv", Triples + "n0,to,n1\nn3,to,n2\n"), tiny.File("doubtful.json"));
        var line = CommandLine.Run("graph", "inspect", graph, "--json", json).IsSuccess();
        Assert.Contains("duplicate triples", line.Output, StringComparison.Ordinal);
        Assert.Contains("doubtful.csv(22): (n0, to, n1)", line.Output, StringComparison.Ordinal);
        var findings = JsonNode.Parse(File.ReadAllText(json))!["findings"]!.AsArray();
        Assert.Equal(
            ["duplicate triples", "reverse pairs in train", "entities without a description"],
            findings.Select(finding => (string?)finding!["name"]));
        Assert.Equal("note", (string?)findings[1]!["severity"]);
        Assert.Equal(1, (int)findings[1]!["count"]!);
        Assert.Equal("(n2, to, n3) and (n3, to, n2)", (string?)findings[1]!["examples"]![0]);
        var clean = CommandLine.Run("graph", "inspect", tiny.Write("clean.csv", Triples)).IsSuccess().Output;
        Assert.DoesNotContain("duplicate triples", clean, StringComparison.Ordinal);
        Assert.Contains("entities without a description", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_counts_the_tokens_of_a_model()
    {
        var texts = tiny.Write("long.tsv", $"n0\t{new string('x', 80)}\n");
        var graph = tiny.Write("long.csv", Triples);
        var inWords = CommandLine.Run("graph", "inspect", graph, "--texts", texts).IsSuccess();
        Assert.DoesNotContain("truncated texts", inWords.Output, StringComparison.Ordinal);
        var inTokens = CommandLine.Run("graph", "inspect", graph, "--texts", texts, "--model", tiny.Model).IsSuccess();
        Assert.Contains("descriptions longer than 50 tokens", inTokens.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_remembers_its_graph_and_another_is_refused_unless_given()
    {
        var (graph, run, json) = (tiny.Write("remembered.csv", Triples), tiny.File("remembering-run"), tiny.File("remembered.json"));
        CommandLine.Run("align", "--model", tiny.Model, "--graph", graph, "--split", "0.8,0.1,0.1", "--out", run, "--steps", "1",
            "--batch", "4", "--validations", "0", "--threads", "1").IsSuccess();
        string[] evaluate = ["evaluate", "completion", "--model", run, "--threads", "1"];
        CommandLine.Run([.. evaluate, "--json", json]).IsSuccess();
        Assert.Equal(graph, (string?)JsonNode.Parse(File.ReadAllText(json))!["graph"]);
        Assert.Equal(4, (int)JsonNode.Parse(File.ReadAllText(json))!["queries"]!);

        File.AppendAllText(graph, "n0,to,n9\n");
        CommandLine.Run(evaluate).IsFault(graph, "no longer the graph", "--graph to insist");
        Assert.Contains("learned from another split",
            CommandLine.Run([.. evaluate, "--graph", graph]).IsSuccess().Error, StringComparison.Ordinal);
        File.Delete(graph);
        CommandLine.Run(evaluate).IsFault(graph, "no such folder or file", "expected it there, or --graph");
        CommandLine.Run("evaluate", "completion", "--model", tiny.Model).IsFault("--graph", "missing");
    }

    [Fact]
    public void Many_completions_are_written_as_edges_that_the_graph_lacks()
    {
        var graph = tiny.Write("batch.csv", Triples + "n0,of,n5\nn3,of,n8\n");
        var (questions, edges) = (tiny.Write("questions.tsv", "head\trelation\ttail\nn1\tof\t?\n\tto\tn4\n"), tiny.File("edges.tsv"));
        string[] complete = ["complete", "--model", tiny.Model, "--graph", graph, "--threads", "1"];
        var line = CommandLine.Run([.. complete, "--batch", questions, "--top", "2", "--out", edges]).IsSuccess();
        Assert.Contains("4 facts that the graph lacks", line.Output, StringComparison.Ordinal);
        var (whole, proposed) = (KnowledgeGraph.Load(graph), KnowledgeGraph.Load(edges));
        Assert.Equal(4, proposed.Train.Count);
        var known = whole.Train.Select(triple => Ids(whole, triple)).ToHashSet();
        Assert.All(proposed.Train, triple => Assert.DoesNotContain(Ids(proposed, triple), known));
        Assert.Equal([("n1", "of"), ("n1", "of")], proposed.Train.Take(2).Select(triple =>
            (proposed.Entities[triple.Head].Id, proposed.Relations[triple.Relation].Id)));

        var folder = tiny.File("edges-neo4j");
        CommandLine.Run([.. complete, "--all-missing", "of", "--out", folder]).IsSuccess();
        Assert.Equal(19, File.ReadAllLines(Path.Combine(folder, "relationships.csv")).Length);
        CommandLine.Run([.. complete, "--all-missing", "off", "--out", edges]).IsFault("--all-missing", "unknown relation 'off'");
        CommandLine.Run([.. complete, "--batch", tiny.Write("bad.tsv", "n1\tof\n"), "--out", edges]).IsFault("bad.tsv(1)", "expected head");
        CommandLine.Run([.. complete, "--batch", questions]).IsFault("--out", "missing");
        CommandLine.Run([.. complete, "--batch", questions, "--out", edges, "--head", "n1"]).IsFault("--head", "--batch");
        CommandLine.Run([.. complete, "--head", "n1", "--relation", "to", "--out", edges]).IsFault("--out", "without --batch");

        static (string, string, string) Ids(KnowledgeGraph graph, Triple triple) =>
            (graph.Entities[triple.Head].Id, graph.Relations[triple.Relation].Id, graph.Entities[triple.Tail].Id);
    }
}
