using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>GraphML and GML.</summary>
public sealed class NetworkFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("networkx.graphml", "Person_0")]
    [InlineData("networkx.gml", "0")]
    public void Files_of_other_programs_are_read(string name, string id)
    {
        var graph = KnowledgeGraph.Load(GraphCases.Require(name));
        People.AssertRead(graph);
        var ann = graph.Entities[graph.EntityIndex(id)];
        Assert.Equal("Person 0", ann.Name);
        if (id != "0")
            Assert.Equal(["Person"], ann.Types);
        Assert.Equal([new GraphAttribute("weight", "0.9")], graph.FactAttributes.Of(graph.Train[0]));
    }

    [Fact]
    public void Keys_have_names_and_defaults_and_edges_may_come_before_nodes()
    {
        var graph = Load("g.graphml", """
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE graphml SYSTEM "http://example.org/none.dtd">
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
              <key id="d0" for="node" attr.name="colour" attr.type="string"><default>yellow</default></key>
              <key id="d1" for="edge" attr.name="relation" attr.type="string"><default>knows</default></key>
              <key id="d2" for="node" attr.name="label"/>
              <graph edgedefault="undirected">
                <edge source="a" target="b"/>
                <edge source="b" target="x"><data key="d1">likes</data></edge>
                <node id="a"><desc>a potter</desc><data key="d2">Ann &amp; Co</data><data key="d0">red</data></node>
                <node id="b"><data key="d2">Bob</data></node>
              </graph>
            </graphml>
            """);
        Assert.Equal(["Ann & Co", "Bob", "x"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal("a potter", graph.Entities[0].Description);
        Assert.Equal([new GraphAttribute("colour", "red")], graph.Entities[0].Attributes);
        Assert.Equal([new GraphAttribute("colour", "yellow")], graph.Entities[1].Attributes);
        Assert.Equal(["knows", "likes"], graph.Relations.Select(relation => relation.Id));
        Assert.Equal([new Triple(0, 0, 1), new Triple(1, 1, 2)], graph.Train);
        Assert.Contains("g.graphml: nodes that only edges name, such as 'x': 1", graph.Warnings);
        Assert.Contains(graph.Reading.Columns, use => use.Column == "'edgedefault'" && use.TakenFor.Contains("without a direction", StringComparison.Ordinal));
    }

    [Fact]
    public void The_drawings_of_yEd_are_read_for_their_labels()
    {
        var graph = Load("y.graphml", """
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
              <key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>
              <key attr.name="description" attr.type="string" for="node" id="d5"/>
              <graph edgedefault="directed" id="G">
                <node id="n0"><data key="d5"/><data key="d6"><y:ShapeNode><y:Geometry x="1"/><y:NodeLabel>Ann<y:LabelModel><y:Smart>7</y:Smart></y:LabelModel></y:NodeLabel></y:ShapeNode></data></node>
                <node id="n1" yfiles.foldertype="group"><graph edgedefault="directed" id="n1:"><node id="n1::n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Rome</y:NodeLabel></y:ShapeNode></data></node></graph></node>
                <edge id="e0" source="n0" target="n1::n0"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>lives in</y:EdgeLabel></y:PolyLineEdge></data></edge>
              </graph>
            </graphml>
            """);
        Assert.Equal(3, graph.Entities.Count);
        Assert.Equal("Ann|lives in|Rome", First(graph));
    }

    [Fact]
    public void Labels_and_types_of_apoc_are_read_once()
    {
        var graph = Load("apoc.graphml", """
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
            <key id="name" for="node" attr.name="name"/><key id="labels" for="node" attr.name="labels"/><key id="label" for="edge" attr.name="label"/>
            <graph id="G" edgedefault="directed">
            <node id="n0" labels=":Person:Artist"><data key="labels">:Person:Artist</data><data key="name">Ann</data></node>
            <node id="n1" labels=":City"><data key="labels">:City</data><data key="name">Rome</data></node>
            <edge id="e5" source="n0" target="n1" label="LIVES_IN"><data key="label">LIVES_IN</data><data key="since">1990</data></edge>
            </graph></graphml>
            """);
        Assert.Equal("Ann|lives in|Rome", First(graph));
        Assert.Equal(["Person", "Artist"], graph.Entities[0].Types);
        Assert.Equal([new GraphAttribute("since", "1990")], graph.FactAttributes.Of(graph.Train[0]));
    }

    [Fact]
    public void Keys_of_edges_that_repeat_are_their_relations()
    {
        const string Edges = """<edge source="a" target="b" id="knows"/><edge source="b" target="c" id="knows"/><edge source="a" target="c" id="likes"/><edge source="c" target="a" id="likes"/>""";
        var graph = Load("g.graphml", $"<graphml><graph edgedefault=\"directed\">{Edges}</graph></graphml>");
        Assert.Equal(["knows", "likes"], graph.Relations.Select(relation => relation.Id));
        graph = Load("h.graphml", $"<graphml><graph edgedefault=\"directed\">{Edges.Replace("knows", "0", StringComparison.Ordinal).Replace("likes", "e7", StringComparison.Ordinal)}</graph></graphml>");
        Assert.Equal(["related to"], graph.Relations.Select(relation => relation.Id));
    }

    [Theory]
    [InlineData("<graphml><graph><node id=\"a\"/>\n<edge source=\"a\"/></graph></graphml>", "g.graphml(2): an edge without target; expected both")]
    [InlineData("<graphml><graph>\n<node/></graph></graphml>", "g.graphml(2): a node without id; expected one")]
    [InlineData("<graphml><graph>\n<hyperedge><endpoint node=\"a\"/></hyperedge></graph></graphml>", "g.graphml(2): a hyperedge")]
    [InlineData("<graphml><graph>\n<node id=\"a\"></graph></graphml>", "g.graphml(2): not XML, ")]
    [InlineData("<graphml><graph>\n<node id=\"a\"/>", "g.graphml(2): not XML, ")]
    [InlineData("<graphml><graph>\n<node id=\"&x;\"/>", "g.graphml(2): not XML, ")]
    public void Faults_of_graphml_name_the_line(string content, string problem) => AssertRefused("g.graphml", content, problem);

    [Fact]
    public void Gml_has_comments_texts_over_lines_and_lists_in_lists()
    {
        var graph = Load("g.gml", "# made by hand\nCreator \"a program\"\nVersion 1\ngraph\n[\n  comment \"graph [ node [\"\n  directed 0\n"
            + "  node [ id 7 label \"&#197;sa &quot;A&quot;\" info [ born 1950 tags \"x\" tags \"y\" ] graphics [ x 1.5 ] description \"one\n two\" ]\n"
            + "  edge [ source 7 target 9 label \"KNOWS\" weight -.5 ]\n  node [ id 9 label \"Bob\" ]\n  edge [ source 9 target 11 ]\n]\n");
        Assert.Equal(["7", "9", "11"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["Åsa \"A\"", "Bob", "11"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal("one two", graph.Entities[0].Description);
        Assert.Equal([new GraphAttribute("info.born", "1950"), new GraphAttribute("info.tags", "x"), new GraphAttribute("info.tags", "y")],
            graph.Entities[0].Attributes);
        Assert.Equal(["KNOWS", "related to"], graph.Relations.Select(relation => relation.Id));
        Assert.Equal([new GraphAttribute("weight", "-.5")], graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(graph.Reading.Columns, use => use.Column == "'directed'");
        Assert.Contains(graph.Reading.Columns, use => use.TakenFor == "drawing, left out");
    }

    [Theory]
    [InlineData("graph [\n  node [ id 1 ]\n  edge [ source 1 ]\n]", "g.gml(3): an edge without source or target; expected both")]
    [InlineData("graph [\n  node [ label \"x\" ]\n]", "g.gml(2): a node without an id on one line; expected id")]
    [InlineData("graph [\n  node [ id 1 ]\n", "g.gml: ends within the list 'graph'; expected a ']' for every '['")]
    [InlineData("graph [\n  node [ id ]\n]", "g.gml(2): key 'id' without a value; ")]
    [InlineData("graph [\n  node [ id 1 name \"x ]\n]", "g.gml(2): a text without an end; ")]
    [InlineData("graph [\n]\n]\n", "g.gml(3): ']' without a '[' before it; ")]
    [InlineData("graph [\n]\ngraph [\n]\n", "g.gml(3): a second graph, ")]
    [InlineData("graph [\n node [ id 1 ]\n 5 7\n]\n", "g.gml(3): '5' in the place of a key; ")]
    public void Faults_of_gml_name_the_line(string content, string problem) =>
        AssertRefused("g.gml", content, problem, new GraphOptions { Format = "gml" });

    [Fact]
    public void Deep_lists_end_in_a_message()
    {
        AssertRefused("g.gml", "graph [ node [ id 1 " + string.Concat(Enumerable.Repeat("a [ ", 100_000)), "lists in lists, more than 64 deep");
        var graphs = string.Concat(Enumerable.Range(0, 20_000).Select(index => $"<node id=\"n{index}\"><graph>"));
        AssertRefused("g.graphml", "<graphml><graph>" + graphs, "not XML, ");
    }

    [Fact]
    public void Gml_in_latin1_is_read_when_its_encoding_is_given()
    {
        var path = folder.File("l.gml");
        File.WriteAllText(path, "graph [\ndirected 1\nnode [ id 1 label \"Åsa\" ] edge [ source 1 target 1 label \"kÄnner\" ] ]", Encoding.Latin1);
        Assert.Contains("--encoding", Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path, new GraphOptions { Format = "gml" })).Message, StringComparison.Ordinal);
        Assert.Equal("Åsa|kÄnner|Åsa", First(KnowledgeGraph.Load(path, new GraphOptions { Encoding = "latin1" })));
    }

    public void Dispose() => folder.Dispose();

    private KnowledgeGraph Load(string name, string content) => KnowledgeGraph.Load(folder.Write(name, content));

    private void AssertRefused(string name, string content, string problem, GraphOptions? options = null) => Assert.Contains(
        problem, Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.Write(name, content), options)).Message, StringComparison.Ordinal);

    private static string First(KnowledgeGraph graph) => string.Join('|', graph.Entities[graph.Train[0].Head].Name,
        graph.Relations[graph.Train[0].Relation].Text, graph.Entities[graph.Train[0].Tail].Name);
}
