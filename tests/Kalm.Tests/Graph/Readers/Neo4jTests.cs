using System.IO.Compression;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

public sealed class Neo4jTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("neo4j-import")]
    [InlineData("neo4j-apoc-export.csv")]
    [InlineData("neo4j-apoc-export.json")]
    public void Files_of_other_programs_are_read(string name)
    {
        var graph = KnowledgeGraph.Load(GraphCases.Require(name));
        People.AssertRead(graph);
        var ann = graph.Entities[graph.EntityIndex("0")];
        Assert.Equal(("Person 0", "Person"), (ann.Name, ann.Types.Single()));
        Assert.Equal([new GraphAttribute("since", "2000")], graph.FactAttributes.Of(graph.Train[0]));
        if (name != "neo4j-apoc-export.json")
            Assert.Equal([new GraphAttribute("age", "20")], ann.Attributes);
    }

    [Fact]
    public void Nodes_have_ids_names_texts_types_and_typed_properties()
    {
        folder.Write("g/a-nodes.csv", "personId:ID(Person),name:string,abstract,born:int,tags:string[],:LABEL,note:IGNORE\n"
            + "1,\"Ann, the \"\"potter\"\"\",\"makes\npots; and more\",1950,red;blue,Person;Artist,x\n2,Bob,,,,Person,\n");
        folder.Write("g/b-nodes.csv", "id:ID(City){label:City},title\n1,Rome\n");
        folder.Write("g/rels.csv", ":START_ID(Person),:END_ID(City),:TYPE,since:date\n1,1,LIVES_IN,2000-01-01\n2,1,LIVES_IN,\n");
        folder.Write("g/notes.txt", "nothing\n");
        var graph = KnowledgeGraph.Load(folder.File("g"));
        Assert.Equal(["1", "2", "City:1"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["Ann, the \"potter\"", "Bob", "Rome"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal("makes pots; and more", graph.Entities[0].Description);
        Assert.Equal(["Person", "Artist"], graph.Entities[0].Types);
        Assert.Equal(["City"], graph.Entities[2].Types);
        Assert.Equal([new GraphAttribute("born", "1950"), new GraphAttribute("tags", "red"), new GraphAttribute("tags", "blue")],
            graph.Entities[0].Attributes);
        Assert.Equal([new Triple(0, 0, 2), new Triple(1, 0, 2)], graph.Train);
        Assert.Equal("lives in", graph.Relations[0].Text);
        Assert.Equal([new GraphAttribute("since", "2000-01-01")], graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(graph.Warnings, warning => warning.StartsWith("b-nodes.csv(2): ids that nodes of another group have", StringComparison.Ordinal));
        Assert.Contains(new ColumnUse("rels.csv", "':START_ID(Person)'", "head of the group 'Person'"), graph.Reading.Columns);
        Assert.Equal(["notes.txt"], graph.Reading.Unread.Select(file => file.File));
    }

    [Fact]
    public void Headers_may_stand_in_files_of_their_own()
    {
        folder.Write("i/people_header.csv", "id:ID|name|:LABEL\n");
        folder.Write("i/people.csv", "a|Ann|Person\n");
        folder.Write("i/people_part2.csv", "b|Bob|Person\n");
        folder.Write("i/people_knows_header.csv", ":START_ID|:END_ID\n");
        folder.Write("i/people_knows.csv", "a|b\n");
        folder.Write("i/export.header.relationships.LIKES.csv", ":START_ID,:END_ID,:TYPE\n");
        folder.Write("i/export.relationships.LIKES.csv", "b,a,LIKES\n");
        var graph = KnowledgeGraph.Load(folder.File("i"));
        Assert.Equal(["Ann", "Bob"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(["LIKES", "people_knows"], graph.Relations.Select(relation => relation.Id).Order(StringComparer.Ordinal));
        Assert.Empty(graph.Reading.Unread);
        Assert.Contains(new ColumnUse("people_knows.csv", "(name)", "relation 'people_knows', as no column is its type"), graph.Reading.Columns);
        ZipFile.CreateFromDirectory(folder.File("i"), folder.File("i.zip"));
        Assert.Equal(graph.Fingerprint(), KnowledgeGraph.Load(folder.File("i.zip")).Fingerprint());
    }

    [Fact]
    public void Relationships_alone_are_read_with_ids_as_names()
    {
        var graph = KnowledgeGraph.Load(folder.Write("rels.csv", "\uFEFF:START_ID;:TYPE;:END_ID\r\n1;KNOWS;2\r\n"));
        Assert.Equal(["1", "2"], graph.Entities.Select(entity => entity.Name));
        Assert.Contains("rels.csv: no table of nodes beside it; the ids serve as names", graph.Warnings);
    }

    [Theory]
    [InlineData("9,1,KNOWS", "rels.csv(2): start '9', which no node has; expected the id of one of the 2 nodes")]
    [InlineData("1,,KNOWS", "rels.csv(2): no end; expected start, end and type of a relationship")]
    [InlineData("1,2", "rels.csv(2): 2 fields; expected 3 separated by commas: :START_ID, :END_ID, :TYPE")]
    [InlineData("1,2,\"KNOWS", "rels.csv(2): a quote that is never closed; ")]
    public void Faults_name_the_line_and_can_be_passed_over(string row, string problem)
    {
        folder.Write("f/nodes.csv", ":ID,name\n1,Ann\n2,Bob\n");
        var isLast = row.EndsWith("\"KNOWS", StringComparison.Ordinal);
        folder.Write("f/rels.csv", ":START_ID,:END_ID,:TYPE\n" + row + (isLast ? "" : "\n1,2,LIKES\n"));
        Assert.StartsWith(problem, Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("f"))).Message, StringComparison.Ordinal);
        if (!isLast)
            Assert.Single(KnowledgeGraph.Load(folder.File("f"), new GraphOptions { SkipBad = 1 }).Train);
    }

    [Fact]
    public void Repeated_nodes_are_joined_and_told()
    {
        folder.Write("d/nodes.csv", ":ID,name,a:int\n1,Ann,5\n2,Bob,\n1,Ann,6\n");
        folder.Write("d/rels.csv", ":START_ID,:END_ID,:TYPE\n1,2,KNOWS\n");
        var graph = KnowledgeGraph.Load(folder.File("d"));
        Assert.Equal(2, graph.Entities.Count);
        Assert.Equal([new GraphAttribute("a", "5"), new GraphAttribute("a", "6")], graph.Entities[0].Attributes);
        Assert.Contains("nodes.csv(4): nodes that stand there again; what is said of them is joined: 1", graph.Warnings);
    }

    [Theory]
    [InlineData("{0}\n{1}\n{2}\n")]
    [InlineData("{2}\n{0}\n{1}\n")]
    [InlineData("[{0},{1},{2}]")]
    [InlineData("""{"nodes":[{0},{1}],"rels":[{2}]}""")]
    [InlineData("""{"rels":{"5":{2}},"nodes":{"0":{0},"1":{1}}}""")]
    public void Json_of_apoc_is_read_in_all_its_forms(string form)
    {
        var graph = KnowledgeGraph.Load(folder.Write("all.json", form
            .Replace("{0}", """{"type":"node","id":"0","labels":["Person"],"properties":{"title":"Ann","at":{"x":1,"y":2},"tags":["a","b"],"ok":true}}""", StringComparison.Ordinal)
            .Replace("{1}", """{"type":"node","id":"1","labels":["City"],"properties":{"name":"Rome"}}""", StringComparison.Ordinal)
            .Replace("{2}", """{"id":"5","type":"relationship","label":"LIVES_IN","properties":{"since":1990},"start":{"id":"0","labels":["Person"]},"end":{"id":"1","labels":["City"]}}""", StringComparison.Ordinal)));
        var fact = Assert.Single(graph.Train);
        Assert.Equal(("Ann", "lives in", "Rome"),
            (graph.Entities[fact.Head].Name, graph.Relations[0].Text, graph.Entities[fact.Tail].Name));
        Assert.Equal(
            [
                new GraphAttribute("at.x", "1"), new GraphAttribute("at.y", "2"), new GraphAttribute("tags", "a"), new GraphAttribute("tags", "b"),
                new GraphAttribute("ok", "true"),
            ], graph.Entities[fact.Head].Attributes);
        Assert.Equal([new GraphAttribute("since", "1990")], graph.FactAttributes.Of(fact));
    }

    [Fact]
    public void A_relationship_of_apoc_to_an_unknown_node_is_a_fault()
    {
        const string Node = """{"type":"node","id":"0","properties":{"name":"Ann"}}""";
        const string Edge = """{"id":"5","type":"relationship","label":"KNOWS","start":{"id":"0"},"end":{"id":"7"}}""";
        var path = folder.Write("all.json", $"{Node}\n{Edge}\n");
        Assert.StartsWith("all.json(2): end '7', which no node has; ", Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path)).Message, StringComparison.Ordinal);
        path = folder.Write("all.csv", "_id,_labels,name,_start,_end,_type\n,,,1,9,KNOWS\n1,:Person,Ann,,,\n");
        Assert.StartsWith("all.csv(2): end '9', which no node has; ", Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
