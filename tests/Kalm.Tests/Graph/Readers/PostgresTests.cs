using Kalm.Graph;
using Kalm.Graph.Readers;

namespace Kalm.Tests.Graph.Readers;

public sealed class PostgresTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static readonly GraphOptions Facts = new() { Query = "select head, relation, tail from facts order by id" };

    [Fact]
    public void A_query_makes_a_graph()
    {
        Prepare("facts", People.Lines(fact => $"('{fact.Head}', '{fact.Relation}', '{fact.Tail}')", ",").TrimEnd(','));
        var graph = KnowledgeGraph.Load(server.Connection, Facts);
        People.AssertRead(graph);
        Assert.Equal("query to PostgreSQL", graph.Format);
        Assert.DoesNotContain("pass", graph.Path, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"Port={server.Port}", graph.Path, StringComparison.Ordinal);
        var uri = $"postgres://{PostgresServer.User}:{Uri.EscapeDataString(PostgresServer.Password)}@127.0.0.1:{server.Port}/postgres?sslmode=disable";
        People.AssertRead(KnowledgeGraph.Load(uri, Facts with { Query = "select tail as object, head as subject, relation as predicate from facts" }));
    }

    [Fact]
    public void Columns_of_any_type_are_attributes_as_the_server_writes_them()
    {
        server.Require();
        var graph = KnowledgeGraph.Load(server.Connection, new GraphOptions
        {
            Query = """
                select 7 as source, 'lives in' as relation, 8::bigint as target, 12345678901234567890.5::numeric as n, true as b,
                    timestamp '2020-01-02 03:04:05' as t, array['x','y,z'] as a, null::text as none, '{"k": 1}'::jsonb as j,
                    int4range(1, 5) as r, E'two\nlines' as l
                """,
        });
        Assert.Equal(["7", "8"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(
            [
                new GraphAttribute("n", "12345678901234567890.5"), new GraphAttribute("b", "t"), new GraphAttribute("t", "2020-01-02 03:04:05"),
                new GraphAttribute("a", "{x,\"y,z\"}"), new GraphAttribute("j", "{\"k\": 1}"), new GraphAttribute("r", "[1,5)"),
                new GraphAttribute("l", "two\nlines"),
            ], graph.FactAttributes.Of(graph.Train[0]));
        graph = KnowledgeGraph.Load(server.Connection, new GraphOptions { Query = "select 'a', 'r', 'b'" });
        Assert.Equal(["a", "b"], graph.Entities.Select(entity => entity.Id));
        graph = KnowledgeGraph.Load(server.Connection, new GraphOptions { Query = "select 'r', 'a', 'b', 5", Columns = ["relation", "head", "tail", "w"] });
        Assert.Equal([new GraphAttribute("w", "5")], graph.FactAttributes.Of(graph.Train[0]));
    }

    [Theory]
    [InlineData("select 1", "columns ?column?; expected head, relation and tail among them")]
    [InlineData("select head from nowhere", "relation \"nowhere\" does not exist, at character 18 of the query (42P01)")]
    [InlineData("selec", "syntax error")]
    [InlineData("create table made (x int)", "read-only transaction")]
    [InlineData("select 'a' as head, null as relation, 'b' as tail", "(1): no relation; expected head, relation, tail")]
    [InlineData("select 'a' as head, 'r' as relation, 'b' as tail where false", "no triples to learn from")]
    [InlineData("", "no query; expected one by --query")]
    public void Faults_name_the_server_and_keep_the_password(string query, string problem)
    {
        server.Require();
        var message = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(server.Connection, new GraphOptions { Query = query })).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_password_and_an_absent_server_are_told()
    {
        server.Require();
        Assert.Contains("password authentication failed", Assert.Throws<KalmException>(() => KnowledgeGraph.Load(
            $"Host=127.0.0.1;Port={server.Port};Database=postgres;Username={PostgresServer.User};Password=wrong", Facts)).Message, StringComparison.Ordinal);
        Assert.Contains("postgres 127.0.0.1:1/x: ", Assert.Throws<KalmException>(
            () => KnowledgeGraph.Load("postgres://u@127.0.0.1:1/x?sslmode=disable", Facts)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u:secret@host:99/db", true)]
    [InlineData("postgresql:///db?host=/tmp", true)]
    [InlineData("Host=h;Database=d", true)]
    [InlineData("Server = h ; User Id=u", true)]
    [InlineData("graphs/people.csv", false)]
    [InlineData("a=b", false)]
    [InlineData("", false)]
    public void A_connection_is_told_from_a_path(string path, bool isConnection) => Assert.Equal(isConnection, GraphFormats.IsDatabase(path));

    [Theory]
    [InlineData("postgres://u:secret@host:99/db", "Host=host;Port=99;Username=u;Database=db")]
    [InlineData("postgres://u%40x:se%3Bcret@[::1]/my%20db?sslmode=verify-full&connect_timeout=3", "Host=::1;Username=u@x;Database=\"my db\";SSL Mode=VerifyFull;Timeout=3")]
    [InlineData("Host=h;Database=d;Password=secret", "Host=h;Database=d")]
    public void A_password_is_not_kept(string path, string kept) => Assert.Equal(kept, GraphFormats.WithoutSecrets(path));

    [Theory]
    [InlineData("postgres://h/db?nonsense=1", "parameter 'nonsense' is not known")]
    [InlineData("Host=h;Nonsense=1;Database=d", "expected postgres://user@host:port/database")]
    [InlineData("postgres://h:99999/db", "expected postgres://user@host:port/database")]
    public void A_connection_that_is_wrong_is_told(string path, string problem) =>
        Assert.Contains(problem, Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path, Facts)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_query_to_a_file_is_refused() =>
        Assert.Contains("is no database", Assert.Throws<KalmException>(() => KnowledgeGraph.Load("x.csv", Facts)).Message, StringComparison.Ordinal);

    private void Prepare(string table, string rows)
    {
        server.Require();
        server.Run($"drop table if exists {table}; create table {table} (id serial, head text, relation text, tail text); "
            + $"insert into {table} (head, relation, tail) values {rows}");
    }
}
