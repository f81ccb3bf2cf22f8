using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Scripts of Cypher: what APOC exports, what people write, and what is refused.</summary>
public sealed class CypherTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void An_export_of_apoc_is_read_with_rows_and_marks()
    {
        var graph = Load("""
            :begin
            CREATE CONSTRAINT UNIQUE_IMPORT_NAME FOR (node:`UNIQUE IMPORT LABEL`) REQUIRE (node.`UNIQUE IMPORT ID`) IS UNIQUE;
            :commit
            CALL db.awaitIndexes(300);
            :begin
            UNWIND [{_id:0, properties:{born:1964, name:"Keanu; Reeves", tags:["a","b"]}}, {_id:1, properties:{born:-1, name:"Carrie"}}] AS row
            CREATE (n:`UNIQUE IMPORT LABEL`{`UNIQUE IMPORT ID`: row._id}) SET n += row.properties SET n:Person:Actor;
            UNWIND [{_id:2, properties:{title:"The Matrix", tagline:"Welcome", at: datetime('1999-03-31'), seen: {x: 1}}}] AS row
            CREATE (n:`UNIQUE IMPORT LABEL`{`UNIQUE IMPORT ID`: row._id}) SET n += row.properties SET n:Movie;
            UNWIND [{start: {_id:0}, end: {_id:2}, properties:{roles:["Neo"]}}, {start: {_id:1}, end: {_id:2}, properties:{}}] AS row
            MATCH (start:`UNIQUE IMPORT LABEL`{`UNIQUE IMPORT ID`: row.start._id})
            MATCH (end:`UNIQUE IMPORT LABEL`{`UNIQUE IMPORT ID`: row.end._id})
            CREATE (start)-[r:ACTED_IN]->(end) SET r += row.properties;
            :commit
            MATCH (n:`UNIQUE IMPORT LABEL`)  WITH n LIMIT 20000 REMOVE n:`UNIQUE IMPORT LABEL` REMOVE n.`UNIQUE IMPORT ID`;
            DROP CONSTRAINT UNIQUE_IMPORT_NAME;
            """);
        Assert.Equal(["Keanu; Reeves", "Carrie", "The Matrix"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(["Person", "Actor"], graph.Entities[0].Types);
        Assert.Equal([new GraphAttribute("born", "1964"), new GraphAttribute("tags", "a"), new GraphAttribute("tags", "b")], graph.Entities[0].Attributes);
        Assert.Equal("-1", graph.Entities[1].Attributes.Single().Value);
        Assert.Contains(new GraphAttribute("at", "1999-03-31"), graph.Entities[2].Attributes);
        Assert.Contains(new GraphAttribute("seen.x", "1"), graph.Entities[2].Attributes);
        Assert.Equal([new Triple(0, 0, 2), new Triple(1, 0, 2)], graph.Train);
        Assert.Equal("acted in", graph.Relations[0].Text);
        Assert.Equal([new GraphAttribute("roles", "Neo")], graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(graph.Reading.Columns, use => use.Column == "'CREATE CONSTRAINT'");
        Assert.Contains(graph.Reading.Columns, use => use.Column == "':begin'");
    }

    [Fact]
    public void Patterns_of_people_are_read()
    {
        var graph = Load("""
            // a script as a tutorial has it
            CREATE (TheMatrix:Movie {title:'The Matrix', released:1999}), (Jo:Person {name: 'Jo\'s "x"\u00e9'})
            CREATE (Jo)-[:ACTED_IN {roles:['Neo', 'it']}]->(TheMatrix)<-[:DIRECTED]-(Lana:Person {name:'Lana'}) /* and
            more */
            MERGE (p:Person {name: 'Lana'}) ON CREATE SET p.made = true ON MATCH SET p.known = 'yes'
            MERGE (Jo)-[:KNOWS]->(p) MERGE (Jo)-[:KNOWS]->(p);
            MATCH (a:Person), (b:Person) WHERE a.name = 'Lana' AND b.name = "Jo's \"x\"é" create (a)-[:KNOWS]->(b) return a
            """);
        Assert.Equal(["The Matrix", "Jo's \"x\"é", "Lana"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal([new GraphAttribute("known", "yes")], graph.Entities[2].Attributes);
        Assert.Equal(["Jo's \"x\"é|acted in|The Matrix", "Lana|DIRECTED|The Matrix", "Jo's \"x\"é|KNOWS|Lana", "Lana|KNOWS|Jo's \"x\"é"],
            graph.Train.Select(fact => $"{graph.Entities[fact.Head].Name}|{(fact.Relation == 0 ? graph.Relations[0].Text : graph.Relations[fact.Relation].Id)}"
                + $"|{graph.Entities[fact.Tail].Name}"));
        Assert.DoesNotContain(graph.Warnings, warning => warning.Contains("repeated", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_of_one_export_know_each_other()
    {
        folder.Write("many/a.relationships.cypher", "MATCH (a {id: 1}), (b {id: 2}) CREATE (a)-[:KNOWS]->(b);");
        folder.Write("many/b.nodes.cypher", "CREATE (:P {id: 1, name: 'Ann'});\nCREATE (:P {id: 2, name: 'Ann'});");
        var graph = KnowledgeGraph.Load(folder.File("many"));
        Assert.Equal(["1", "2"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["Ann", "Ann"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
    }

    [Theory]
    [InlineData("CREATE (a)-[:R]->(b);\nMATCH (a {id: 7})\nCREATE (a)-[:R]->(a);", "g.cypher(3): no node with id '7'; expected one made before")]
    [InlineData("CREATE (a:P {n: 1}), (b:P {n: 1})-[:R]->(a);\nMERGE (c:P {n: 1});", "g.cypher(2): several nodes with n '1'; expected one")]
    [InlineData("MATCH (a:P) CREATE (a)-[:R]->(a);", "g.cypher(1): a node by the label 'P' alone; expected a property")]
    [InlineData("CREATE (a)-[]->(b);", "g.cypher(1): a relationship without a type; expected one type")]
    [InlineData("CREATE (a)-[:R]-(b);", "g.cypher(1): a relationship without a direction; expected -> or <-")]
    [InlineData("CREATE (a)-[r:R]->(b) SET r:X;", "g.cypher(1): a label of 'r', which is a relationship; expected a node")]
    [InlineData("CREATE (a)-[:R]->(b) CREATE (a:X)-[:R]->(b);", "g.cypher(1): labels or properties of 'a', which is there already; expected its name alone")]
    [InlineData("CREATE (a)-[:R]->(b);\nMERGE (c:P);", "g.cypher(2): a MERGE by the label 'P' alone; expected a property")]
    [InlineData("CREATE (a {x: $y})-[:R]->(b);", "g.cypher(1): a parameter, $y, whose value stands elsewhere; expected the value itself")]
    [InlineData("CREATE (a {x: timestamp()})-[:R]->(b);", "g.cypher(1): the function timestamp(), whose value only a database knows")]
    [InlineData("CREATE (a\n{x: 'y)-[:R]->(b);", "g.cypher(2): a text without an end; expected a second '")]
    [InlineData("CREATE (a {x: 1);", "g.cypher(1): ')'; expected '}'")]
    [InlineData("MERGE (a {x: 1})\nDELETE a;", "g.cypher(2): 'DELETE'; expected CREATE, MERGE, MATCH, SET, UNWIND or WITH")]
    [InlineData("CREATE (a)-[:R]->(b);\nUNWIND [1,2] AS x UNWIND [1,2] AS y UNWIND [1,2] AS z UNWIND [1,2] AS u UNWIND [1,2] AS v UNWIND [1,2] AS w CREATE ();", "more rows than the statement has words")]
    public void What_cannot_be_read_names_the_line(string content, string problem) =>
        Assert.Contains(problem, Assert.Throws<KalmException>(() => Load(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void Bad_rows_may_be_passed_over()
    {
        var graph = Load("UNWIND [1, 2] AS x CREATE (:P {id: x});\nUNWIND [{a: 1, b: 9}, {a: 1, b: 2}] AS row\n"
            + "MATCH (a:P {id: row.a}), (b:P {id: row.b}) CREATE (a)-[:R]->(b);", new GraphOptions { SkipBad = 1 });
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
        Assert.Equal(["g.cypher(3): no node with id '9'; expected one made before"], graph.Reading.Skipped);
    }

    public void Dispose() => folder.Dispose();

    private KnowledgeGraph Load(string content, GraphOptions? options = null) =>
        KnowledgeGraph.Load(folder.Write("g.cypher", content), options);
}
