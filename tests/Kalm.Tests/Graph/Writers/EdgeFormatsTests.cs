using System.Text;
using Kalm.Graph;
using Kalm.Graph.Writers;
using Kalm.Tests.Graph.Readers;

namespace Kalm.Tests.Graph.Writers;

public sealed class EdgeFormatsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("tsv", "edges.tsv")]
    [InlineData("jsonl", "edges.jsonl")]
    [InlineData("ntriples", "edges.nt")]
    [InlineData("turtle", "edges.ttl")]
    [InlineData("cypher", "edges.cypher")]
    [InlineData("neo4j", "edges")]
    public void What_is_written_reads_as_the_same_facts_with_their_figures(string key, string name)
    {
        var graph = KnowledgeGraph.Load(folder.Write("g.tsv", People.Lines(fact => $"{fact.Head}\t{fact.Relation}\t{fact.Tail}")));
        var path = Write(key, name, graph, graph.Train);
        var read = KnowledgeGraph.Load(path);
        People.AssertRead(read);
        Assert.Equal(graph.Entities.Select(entity => entity.Id).Order(), read.Entities.Select(entity => entity.Id).Order());
        var attributes = read.FactAttributes.Of(read.Train[0]);
        Assert.Equal("0.25", attributes.Single(item => item.Name == "probability").Value);
        Assert.Equal("demo 1", attributes.Single(item => item.Name == "model").Value);
        Assert.Equal(["evidence", "model", "probability", "rank", "score"], attributes.Select(item => item.Name).Order());
    }

    [Theory]
    [InlineData("tsv", "edges.tsv")]
    [InlineData("jsonl", "edges.jsonl")]
    [InlineData("ntriples", "edges.nt")]
    [InlineData("turtle", "edges.ttl")]
    [InlineData("cypher", "edges.cypher")]
    [InlineData("neo4j", "edges")]
    public void Awkward_ids_survive(string key, string name)
    {
        string[] ids =
        [
            "Paris, Texas", "\"quoted\"", "back\\slash", "東京", "a:b/c#d", "100%", "http://example.org/x y", "urn:kalm:entity:z",
            " spaced ", "007", "true", "[1]", "{}",
        ];
        var graph = KnowledgeGraph.Load(folder.Write("g.csv", "head,relation,tail\n" + string.Concat(ids.Select(
            id => $"\"{id.Replace("\"", "\"\"", StringComparison.Ordinal)}\",\"is, \"\"so\"\"\",thing\n"))));
        var read = KnowledgeGraph.Load(Write(key, name, graph, graph.Train));
        Assert.Equal(graph.Train.Select(triple => graph.Entities[triple.Head].Id), read.Train.Select(triple => read.Entities[triple.Head].Id));
        Assert.Equal("is, \"so\"", read.Relations[0].Id);
    }

    [Fact]
    public void Cypher_merges_a_statement_a_line()
    {
        var graph = KnowledgeGraph.Load(folder.Write("g.tsv", "O'Hara\tis `in`\tRome\\\n"));
        var line = Assert.Single(File.ReadAllLines(Write("cypher", "edges.cypher", graph, graph.Train)));
        Assert.Equal(@"MERGE (h:Entity {id: 'O\'Hara'}) ON CREATE SET h.name = 'O\'Hara' "
            + @"MERGE (t:Entity {id: 'Rome\\'}) ON CREATE SET t.name = 'Rome\\' MERGE (h)-[r:`is ``in```]->(t) "
            + "SET r.score = 0.5, r.probability = 0.25, r.rank = 1, r.evidence = 'asked', r.model = 'demo 1';", line);
    }

    [Fact]
    public void The_ending_tells_the_format()
    {
        Assert.Equal(
            ["tsv", "jsonl", "ntriples", "turtle", "cypher", "neo4j", null],
            new[] { "a.tsv", "a.JSONL", "a.nt", "a.ttl", "a.cypher", "folder", "a.xlsx" }.Select(EdgeFormats.Of));
    }

    private string Write(string key, string name, KnowledgeGraph graph, IEnumerable<Triple> facts)
    {
        var (source, edges) = (new EdgeSource(graph, "demo 1"), facts.Select(fact => new ScoredEdge(fact, 0.5, 0.25, 1, "asked")));
        if (EdgeFormats.IsFolder(key))
        {
            Neo4jEdges.Write(Directory.CreateDirectory(folder.File(name)).FullName, source, edges);
            return folder.File(name);
        }
        using var stream = new MemoryStream();
        EdgeFormats.Write(key, stream, source, edges);
        return folder.Write(name, Encoding.UTF8.GetString(stream.ToArray()));
    }

    public void Dispose() => folder.Dispose();
}
