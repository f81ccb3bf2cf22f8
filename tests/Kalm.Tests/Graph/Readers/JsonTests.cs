using System.IO.Compression;
using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

public sealed class JsonTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("array.json")]
    [InlineData("g.jsonl")]
    public void Files_of_other_programs_are_read(string name) => People.AssertRead(KnowledgeGraph.Load(GraphCases.Require(name)));

    [Theory]
    [InlineData("head", "relation", "tail")]
    [InlineData("subject", "predicate", "object")]
    [InlineData("s", "p", "o")]
    [InlineData("h", "r", "t")]
    [InlineData("Subject", "Predicate", "Object")]
    [InlineData("source", "relation", "target")]
    [InlineData("source", "type", "target")]
    [InlineData("source", "label", "target")]
    [InlineData("source", "predicate", "target")]
    [InlineData("from", "relation", "to")]
    [InlineData("entity1", "relationship", "entity2")]
    [InlineData("head_entity", "relation_type", "tail_entity")]
    public void Keys_of_any_usual_naming_are_known_in_any_order(string head, string relation, string tail)
    {
        People.AssertRead(Load("g.jsonl", People.Lines(
            fact => $$"""{"{{head}}":"{{fact.Head}}","{{relation}}":"{{fact.Relation}}","{{tail}}":"{{fact.Tail}}"}""")));
        People.AssertRead(Load("g.json", "[" + People.Lines(
            fact => $$"""{"{{tail}}":"{{fact.Tail}}","{{head}}":"{{fact.Head}}","{{relation}}":"{{fact.Relation}}"}""", ",\n").TrimEnd(',', '\n') + "]"));
    }

    [Theory]
    [InlineData("""{"triples": [{0}]}""")]
    [InlineData("""{"version": 3, "data": {"made": "today", "facts": [{0}]}}""")]
    [InlineData("""[{0}]""")]
    public void Facts_may_be_lists_of_three_in_a_list_or_in_an_object(string whole) => People.AssertRead(Load("g.json", whole.Replace("{0}",
        People.Lines(fact => $"""["{fact.Head}","{fact.Relation}","{fact.Tail}"]""", ",").TrimEnd(','), StringComparison.Ordinal)));

    [Fact]
    public void Lines_may_be_lists_of_three() =>
        People.AssertRead(Load("g.jsonl", People.Lines(fact => $"""["{fact.Head}","{fact.Relation}","{fact.Tail}"]""", "\r\n")));

    [Fact]
    public void A_list_may_begin_with_a_heading_in_another_order()
    {
        var graph = Load("g.json", """[["tail","head","relation","weight"],["City 0","Person 0","lives in",0.5]]""");
        Assert.Equal("Person 0|lives in|City 0", Single(graph));
        Assert.Equal([new GraphAttribute("weight", "0.5")], graph.FactAttributes.Of(graph.Train[0]));
    }

    [Fact]
    public void Other_keys_are_attributes_flattened_by_dots()
    {
        var graph = Load("g.jsonl", """
            {"head":"a","relation":"r","tail":"b","since":123456789012345678901234567890,"sure":true,"none":null,"empty":"","properties":{"page":7},"where":{"in":{"book":"B"}},"tags":["x","y"],"deep":[{"k":1}]}

            """);
        Assert.Equal(
            [
                new GraphAttribute("since", "123456789012345678901234567890"), new GraphAttribute("sure", "true"), new GraphAttribute("page", "7"),
                new GraphAttribute("where.in.book", "B"), new GraphAttribute("tags", "x"), new GraphAttribute("tags", "y"),
                new GraphAttribute("deep", """[{"k":1}]"""),
            ], graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(new ColumnUse("g.jsonl", "'since'", "attribute 'since' of the fact"), graph.Reading.Columns);
        Assert.Contains(new ColumnUse("g.jsonl", "'head'", "head"), graph.Reading.Columns);
    }

    [Fact]
    public void Head_and_tail_may_be_objects_and_all_they_say_is_used()
    {
        var graph = Load("g.json", """
            {"facts":[{"subject":{"id":"Q1","name":"Ann","type":"Person","description":"a potter\nin Rome","born":1950},
                       "predicate":{"id":"P5","name":"knows"},"object":{"name":"Bob","type":["Person","Smith"]}}]}
            """);
        Assert.Equal(["Q1", "Bob"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(new Relation("P5", "knows", "inverse of knows"), graph.Relations[0]);
        Assert.Equal("Ann", graph.Entities[0].Name);
        Assert.Equal("a potter in Rome", graph.Entities[0].Description);
        Assert.Equal(["Person"], graph.Entities[0].Types);
        Assert.Equal([new GraphAttribute("born", "1950")], graph.Entities[0].Attributes);
        Assert.Equal(["Person", "Smith"], graph.Entities[1].Types);
    }

    [Fact]
    public void Numbers_as_tails_of_named_heads_are_attributes_and_ids_where_heads_are_numbers()
    {
        var graph = Load("g.jsonl", """
            {"head":"Ann","relation":"birthYear","tail":1950}
            {"head":"Ann","relation":"knows","tail":"Bob"}
            """);
        Assert.Equal("Ann|knows|Bob", Single(graph));
        Assert.Equal([new GraphAttribute("birth year", "1950")], graph.Entities[0].Attributes);
        Assert.Contains(graph.Warnings, warning => warning.Contains("g.jsonl(1): numbers in the place of a tail", StringComparison.Ordinal));
        Assert.Equal("7|1|8", Single(Load("n.jsonl", """{"head":7,"relation":1,"tail":8}""" + "\n")));
    }

    [Theory]
    [InlineData("links")]
    [InlineData("edges")]
    public void Nodes_and_links_of_networkx_are_read_whichever_comes_first(string links)
    {
        var edges = $$"""
            "{{links}}":[{"source":"p0","target":"c0","key":0,"label":"LIVES_IN","since":1990},{"source":"p1","target":"c9","key":0,"label":"LIVES_IN"}]
            """;
        const string Nodes = """
            "nodes":[{"id":"p0","name":"Ann","label":"Person"},{"id":"p1","name":"Bob","label":"Person"},{"id":"c0","label":"City","name":"Rome"},{"id":"alone"}]
            """;
        foreach (var whole in new[] { $$"""{"directed":true,"multigraph":true,"graph":{},{{Nodes}},{{edges}}}""", $$"""{ {{edges}},{{Nodes}}}""" })
        {
            var graph = Load("g.json", whole);
            Assert.Equal(["p0", "p1", "c0", "alone", "c9"], graph.Entities.Select(entity => entity.Id));
            Assert.Equal("Ann|lives in|Rome", First(graph));
            Assert.Equal(["Person"], graph.Entities[0].Types);
            Assert.Equal([new GraphAttribute("since", "1990")], graph.FactAttributes.Of(graph.Train[0]).Where(item => item.Name == "since"));
            Assert.Contains("g.json: nodes that only edges name, such as 'c9': 1", graph.Warnings);
        }
    }

    [Fact]
    public void Edges_may_count_nodes_that_have_no_ids()
    {
        var graph = Load("g.json", """
            {"nodes":[{"name":"Ann","group":1},{"name":"Bob","group":2},{"name":"Bob","group":3}],
             "links":[{"source":0,"target":1,"value":2},{"source":0,"target":2,"value":3}]}
            """);
        Assert.Equal(["Ann", "Bob", "Bob (2)"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["Ann", "Bob", "Bob"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal([new Triple(0, 0, 1), new Triple(0, 0, 2)], graph.Train);
        Assert.Equal("related to", graph.Relations[0].Id);
    }

    [Fact]
    public void Other_programs_wrap_nodes_and_edges_otherwise()
    {
        var graph = Load("cytoscape.json", """
            {"elements":{"nodes":[{"data":{"id":"a","name":"Ann"}},{"data":{"id":"b"}}],"edges":[{"data":{"source":"a","target":"b","interaction":"knows"}}]}}
            """);
        Assert.Equal("Ann|knows|b", Single(graph));
        graph = Load("jgf.json", """
            {"graph":{"directed":true,"nodes":{"a":{"label":"Ann"},"b":{"label":"Bob"}},"edges":[{"source":"a","relation":"knows","target":"b","metadata":{"w":1}}]}}
            """);
        Assert.Equal("Ann|knows|Bob", Single(graph));
        graph = Load("chain.json", """
            {"nodes":[{"id":"Ann","type":"Person","properties":{"age":"5"}}],"relationships":[{"source":{"id":"Ann","type":"Person"},"target":{"id":"Rome","type":"City"},"type":"LIVES_IN","properties":{}}]}
            """);
        Assert.Equal("Ann|lives in|Rome", Single(graph));
        Assert.Equal([new GraphAttribute("age", "5")], graph.Entities[0].Attributes);
        graph = Load("answer.json", """
            {"head":{"vars":["s","p","o"]},"results":{"bindings":[
             {"s":{"type":"uri","value":"http://x.org/Ann"},"p":{"type":"uri","value":"http://x.org/livesIn"},"o":{"type":"uri","value":"http://x.org/New_York"}},
             {"s":{"type":"uri","value":"http://x.org/Ann"},"p":{"type":"uri","value":"http://x.org/age"},"o":{"type":"literal","value":"5"}}]}}
            """);
        Assert.Equal("Ann|lives in|New York", Single(graph));
        Assert.Equal("5", graph.Entities[0].Attributes.Single().Value);
    }

    [Fact]
    public void Splits_are_told_by_names_and_other_files_stay_unread()
    {
        folder.Write("s/train.jsonl", """{"head":"a","relation":"r","tail":"b"}""" + "\n");
        folder.Write("s/valid.jsonl", """{"head":"b","relation":"r","tail":"a"}""" + "\n");
        folder.Write("s/test.jsonl", """{"head":"a","relation":"r","tail":"a"}""" + "\n");
        folder.Write("s/more.json", """[{"head":"x","relation":"r","tail":"y"}]""");
        var graph = KnowledgeGraph.Load(folder.File("s"));
        Assert.Equal((1, 1, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
        Assert.Equal("more.json", Assert.Single(graph.Reading.Unread).File);
    }

    [Fact]
    public void A_compressed_file_is_read_too()
    {
        using (var stream = new GZipStream(File.Create(folder.File("g.jsonl.gz")), CompressionLevel.Fastest))
            stream.Write(Encoding.UTF8.GetBytes(People.Lines(fact => $$"""{"h":"{{fact.Head}}","r":"{{fact.Relation}}","t":"{{fact.Tail}}"}""")));
        People.AssertRead(KnowledgeGraph.Load(folder.File("g.jsonl.gz")));
    }

    [Fact]
    public void Columns_say_what_keys_without_meaning_hold()
    {
        const string Lines = """
            {"a":"City 0","b":"Person 0","c":"lives in"}
            {"c":"lives in","a":"City 1","b":"Person 1","d":"x"}
            """;
        var graph = Load("g.jsonl", Lines, new GraphOptions { Columns = ["tail", "head", "relation"] });
        Assert.Equal("Person 0|lives in|City 0", First(graph));
        Assert.Equal(2, graph.Train.Count);
        AssertRefused("g.jsonl", Lines, "not a graph of any known format; found g.jsonl");
    }

    [Theory]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"a\",\"relation\":\"r\"}\n", "g.jsonl(2): keys 'head', 'relation'; expected ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n\n{\"head\":\"a\",\"relation\":\"r\",\"tail\":null}\n", "g.jsonl(3): no tail; expected ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"a\",\"relation\":\"r\",\"tail\":[1]}\n", "g.jsonl(2): a list as tail; expected ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"a\" \"b\"}\n", "g.jsonl(2): not JSON, ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"a\",\"relation\":\"r\",\"ta", "g.jsonl(2): not JSON, ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"a\\nb\",\"relation\":\"r\",\"tail\":\"b\"}\n", "g.jsonl(2): a tab or a line end in the head; ")]
    [InlineData("{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"}\n{\"head\":\"\\ud800\",\"relation\":\"r\",\"tail\":\"b\"}\n", "g.jsonl(2): a text that is no Unicode")]
    [InlineData("[\"a\",\"r\",\"b\"]\n[\"a\",\"r\",\"b\",\"c\"]\n", "g.jsonl(2): a list of 4; expected one of 3: head, relation, tail")]
    [InlineData("[{\"head\":\"a\",\"relation\":\"r\",\"tail\":\"b\"},\n 7]", "g.jsonl(2): '7'; expected an object with head, relation and tail")]
    public void Faults_name_the_line_and_can_be_passed_over(string content, string problem)
    {
        AssertRefused("g.jsonl", content, problem);
        var graph = Load("g.jsonl", content, new GraphOptions { SkipBad = 1 });
        Assert.Single(graph.Train);
        Assert.StartsWith(problem, Assert.Single(graph.Reading.Skipped), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"package","dependencies":{"a":"1"}}""")]
    [InlineData("""[[0.1,0.2,0.3],[0.4,0.5,0.6]]""")]
    [InlineData("""[1,2,3]""")]
    [InlineData("""["a","b","c"]""")]
    [InlineData("""{"vertices":[[0,0,1],[1,0,0]],"faces":[[0,1,2]]}""")]
    [InlineData("{")]
    public void Other_json_is_not_claimed(string content) => AssertRefused("g.json", content, "not a graph of any known format");

    [Fact]
    public void A_long_list_is_read_without_holding_it()
    {
        using (var writer = new StreamWriter(folder.File("long.json")))
        {
            writer.Write("{\"facts\":[");
            for (var index = 0; index < 200_000; index++)
                writer.Write($$"""{{(index == 0 ? "" : ",")}}{"head":"e{{index % 1000}}","relation":"r","tail":"e{{index / 1000}}","n":"{{index}}"}""");
            writer.Write("]}");
        }
        Assert.Equal(200_000, KnowledgeGraph.Load(folder.File("long.json")).Train.Count);
    }

    public void Dispose() => folder.Dispose();

    private KnowledgeGraph Load(string name, string content, GraphOptions? options = null) =>
        KnowledgeGraph.Load(folder.Write(name, content), options);

    private void AssertRefused(string name, string content, string problem) =>
        Assert.Contains(problem, Assert.Throws<KalmException>(() => Load(name, content)).Message, StringComparison.Ordinal);

    private static string Single(KnowledgeGraph graph)
    {
        Assert.Single(graph.Train);
        return First(graph);
    }

    private static string First(KnowledgeGraph graph) => string.Join('|', graph.Entities[graph.Train[0].Head].Name,
        graph.Relations[graph.Train[0].Relation].Text, graph.Entities[graph.Train[0].Tail].Name);
}
