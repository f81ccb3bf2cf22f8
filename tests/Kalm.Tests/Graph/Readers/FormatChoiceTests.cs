using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Formats that look alike are told apart by what they hold, whatever the file is called.</summary>
public sealed class FormatChoiceTests : IDisposable
{
    private const string Heading = "<?xml version=\"1.0\"?>";
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("g.json", """{"@context":{"@vocab":"http://e/"},"@id":"http://e/a","knows":{"@id":"http://e/b"}}""", "JSON-LD")]
    [InlineData("g.json", """[{"@id":"http://e/a","http://e/knows":[{"@id":"http://e/b"}]}]""", "JSON-LD")]
    [InlineData("g.jsonl", """{"@id":"http://e/a","http://e/knows":{"@id":"http://e/b"}}""", "JSON-LD")]
    [InlineData("g.json", """
        {"@context":{"@vocab":"http://e/"},"@graph":[{"@id":"http://e/a","subject":{"@id":"http://e/b"},"predicate":"p","object":{"@id":"http://e/c"}}]}
        """, "JSON-LD")]
    [InlineData("g.jsonld", """[{"subject":"a","predicate":"knows","object":"b"}]""", "JSON of facts")]
    [InlineData("triples.json", """[{"subject":"a","predicate":"knows","object":"b"}]""", "JSON of facts")]
    [InlineData("triples.json", """[["a","knows","b"]]""", "JSON of facts")]
    [InlineData("g.json", """
        {"type":"node","id":"0","labels":["P"],"properties":{}}
        {"type":"relationship","id":"1","label":"KNOWS","start":{"id":"0"},"end":{"id":"0"}}
        """, "export of Neo4j")]
    [InlineData("g.csv", "a,knows,b\nb,knows,c\n", "table of facts")]
    [InlineData("g.csv", "start,end,type\na,b,KNOWS\nb,c,LIKES\n", "table of facts")]
    [InlineData("g.csv", "_id,relation,tail\na,knows,b\n", "table of facts")]
    [InlineData("g.csv", ":START_ID,:END_ID,:TYPE\na,b,KNOWS\n", "export of Neo4j")]
    [InlineData("g.csv", "_id,_labels,_start,_end,_type\na,:P,,,\n,,a,a,KNOWS\n", "export of Neo4j")]
    [InlineData("g.xml", Heading + "<graphml><graph><edge source='a' target='b'/></graph></graphml>", "GraphML")]
    [InlineData("g.xml", Heading + """
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/graphml/">
        <rdf:Description rdf:about="http://e/a"><e:graph rdf:resource="http://e/b"/></rdf:Description></rdf:RDF>
        """, "RDF/XML")]
    [InlineData("g.txt", "graph [ node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 label \"knows\" ] ]", "GML")]
    [InlineData("g.txt", "graph has node\nnode has edge\nedge has source\n", "table of facts")]
    public void Content_tells_what_a_file_is(string name, string content, string format) =>
        Assert.Equal(format, KnowledgeGraph.Load(folder.Write(name, content)).Format);

    [Fact]
    public void Nodes_and_relationships_of_neo4j_are_no_two_tables()
    {
        folder.Write("n/nodes.csv", "id:ID,name,:LABEL\n0,Ann,Person\n1,Rome,City\n");
        folder.Write("n/relationships.csv", ":START_ID,:END_ID,:TYPE\n0,1,LIVES_IN\n");
        var graph = KnowledgeGraph.Load(folder.File("n"));
        Assert.Equal("export of Neo4j", graph.Format);
        Assert.Equal(["Ann", "Rome"], graph.Entities.Select(entity => entity.Name));
        Assert.Empty(graph.Reading.Unread);
    }

    [Fact]
    public void What_lies_beside_the_graph_is_named_as_unread()
    {
        folder.Write("m/g.json", """[{"subject":"a","predicate":"knows","object":"b"}]""");
        folder.Write("m/g.csv", "a,knows,b\nb,knows,c\n");
        var graph = KnowledgeGraph.Load(folder.File("m"));
        Assert.Equal("JSON of facts", graph.Format);
        Assert.Equal("g.csv", Assert.Single(graph.Reading.Unread).File);
        Assert.Contains("g.csv: not read, the folder is taken for a JSON of facts", graph.Warnings);
        Assert.Equal("table of facts", KnowledgeGraph.Load(folder.File("m"), new GraphOptions { Format = "table" }).Format);
    }

    [Fact]
    public void Two_graphs_of_formats_that_are_as_sure_are_asked_about()
    {
        folder.Write("t/g.graphml", "<graphml><graph><edge source='a' target='b'/></graph></graphml>");
        folder.Write("t/rels.csv", ":START_ID,:END_ID,:TYPE\na,b,KNOWS\n");
        var problem = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("t"))).Message;
        Assert.Contains("ambiguous, it holds two graphs; expected one format, chosen by --format", problem, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
