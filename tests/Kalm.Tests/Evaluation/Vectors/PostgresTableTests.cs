using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Cli;
using Kalm.Tests.Graph;
using Kalm.Tests.Graph.Readers;
using Npgsql;

namespace Kalm.Tests.Evaluation.Vectors;

public sealed class PostgresTableTests(PostgresServer server, Tests.Cli.TinyModel tiny)
    : IClassFixture<PostgresServer>, IClassFixture<Tests.Cli.TinyModel>
{
    private const string Texts = "0\tcar, a road vehicle\n1\twheel, 'round' \\ 車輪\n2\tspoke, a rod\n3\tcar, a road vehicle\n";

    [Fact]
    public void Arrays_are_those_of_safetensors_and_a_second_run_replaces_rows_by_id()
    {
        server.Require();
        server.Run("create schema \"Odd one\"");
        using var graph = SmallGraph.Kalm().With("entityId2text.dict", Texts);
        var line = Embed(graph, "Odd one.the \"table\"", "real[]").IsSuccess();
        Assert.Contains("the \"\"table\"\"", line.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, line.Output + line.Error, StringComparison.Ordinal);
        AssertHolds("\"Odd one\".\"the \"\"table\"\"\"", graph);

        server.Run("insert into \"Odd one\".\"the \"\"table\"\"\" values ('other', 'n', 't', '{1}')");
        graph.With("entityId2text.dict", Texts.Replace("a rod", "a thin rod", StringComparison.Ordinal));
        Embed(graph, "Odd one.the \"table\"", "real[]").IsSuccess();
        Assert.Equal(5L, Ask("select count(*) from \"Odd one\".\"the \"\"table\"\"\""));
        server.Run("delete from \"Odd one\".\"the \"\"table\"\"\" where id = 'other'");
        AssertHolds("\"Odd one\".\"the \"\"table\"\"\"", graph);
    }

    [Fact]
    public void Vectors_of_pgvector_are_those_of_safetensors()
    {
        server.Require();
        server.Run("create database vectors");
        var connection = new NpgsqlConnectionStringBuilder(server.Connection) { Database = "vectors" }.ConnectionString;
        Embed(tiny.Graph, "entities", null, connection).IsFault(
            "has no type vector", "the extension pgvector", "create extension vector", "--column real[]");
        Assert.Equal(DBNull.Value, Ask("select to_regclass('entities')::text", connection));
        Run(connection, Ask("select 1 from pg_available_extensions where name = 'vector'", connection) is null
            ? StandIn : "create extension vector");

        using var graph = SmallGraph.Kalm().With("entityId2text.dict", Texts);
        Embed(graph.Path, "entities", null, connection).IsSuccess();
        Embed(graph.Path, "entities", "vector", connection).IsSuccess();
        AssertHolds("entities", graph, connection);
        Assert.StartsWith("vector(", (string?)Ask(
            "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass('entities') and attname = 'embedding'",
            connection), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_script_for_pgvector_is_taken_by_psql_and_holds_the_same()
    {
        server.Require();
        server.Run("create database script");
        var connection = new NpgsqlConnectionStringBuilder(server.Connection) { Database = "script" }.ConnectionString;
        if (Ask("select 1 from pg_available_extensions where name = 'vector'", connection) is null)
            Assert.Skip("needs the extension pgvector");
        using var graph = SmallGraph.Kalm().With("entityId2text.dict", Texts);
        var folder = tiny.File("script");
        CommandLine.Run("embed", "--model", tiny.Model, "--graph", graph.Path, "--as", "pgvector", "--out", folder, "--threads", "1")
            .IsSuccess();
        for (var isFirst = true; ; isFirst = false)
        {
            var ran = await Psql(Path.Combine(folder, "entities.sql"), "script");
            AssertHolds("entities", graph, connection);
            Assert.Equal("car", Ask("select id from entities order by embedding <#> (select embedding from entities where id = 'car'), id "
                + "limit 1", connection));
            if (!isFirst)
            {
                // What is there already fails the whole, and stays as it was.
                Assert.Contains("duplicate key", ran.Error, StringComparison.Ordinal);
                break;
            }
            ran.IsSuccess();
        }
    }

    [Fact]
    public void Who_may_only_write_to_a_table_can_fill_it()
    {
        server.Require();
        server.Run("create table filled (id text primary key, name text, text text, embedding real[]); create role writer login password 'w'; "
            + "revoke create on schema public from public; grant select, insert, update on filled to writer");
        var connection = new NpgsqlConnectionStringBuilder(server.Connection) { Username = "writer", Password = "w" }.ConnectionString;
        Embed(tiny.Graph, "filled", "real[]", connection).IsSuccess();
        Assert.Equal(4L, Ask("select count(*) from filled"));
        Embed(tiny.Graph, "absent", "real[]", connection).IsFault("permission denied", "\"absent\" to take id, name, text and embedding real[]");
    }

    [Theory]
    [InlineData("id text primary key, name text, text text, embedding text", "found embedding text; expected embedding real[]")]
    [InlineData("id text primary key, name text, text text", "found no column embedding")]
    [InlineData("id text, name text, text text, embedding real[]", "no unique or exclusion constraint")]
    [InlineData("id text primary key, text text, embedding real[]", "\"name\"")]
    public void Another_table_of_that_name_is_refused_before_the_work(string columns, string problem)
    {
        server.Require();
        server.Run($"drop table if exists taken; create table taken ({columns})");
        Embed(tiny.Graph, "taken", "real[]").IsFault("taken", problem);
        Assert.False(Directory.Exists("taken.part"));
    }

    [Fact]
    public void A_row_that_is_refused_leaves_the_table_as_it_was_and_the_vectors_for_the_next_run()
    {
        server.Require();
        server.Run("create table strict (id text primary key check (id <> 'spoke'), name text, text text, embedding real[]); "
            + "insert into strict values ('car', 'before', 't', '{1}')");
        var kept = tiny.File("kept");
        Embed(tiny.Graph, "strict", "real[]", null, "--quiet", "--out", kept).IsFault("strict", "violates check constraint");
        Assert.Equal("before", Ask("select name from strict"));
        Assert.True(Directory.Exists(kept + ".part"));
        server.Run("alter table strict drop constraint strict_id_check");
        Assert.Contains(
            "goes on at 4 of 4 texts", Embed(tiny.Graph, "strict", "real[]", null, "--out", kept).IsSuccess().Error, StringComparison.Ordinal);
        Assert.Equal(4L, Ask("select count(*) from strict"));
        Assert.False(Directory.Exists(kept + ".part"));
    }

    [Fact]
    public void A_server_that_is_not_there_is_told_before_the_work() =>
        CommandLine.Run("embed", "--model", tiny.Model, "--graph", tiny.Graph, "--as", "postgres", "--table", "t", "--to",
            "Host=127.0.0.1;Port=1;Database=x;Username=u;Password=secret").IsFault("postgres 127.0.0.1:1/x", "that can be reached");

    private async Task<CommandLine> Psql(string script, string database)
    {
        var start = new ProcessStartInfo("psql", ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", $"{server.Port}",
            "-U", PostgresServer.User, "-d", database, "-f", script]);
        start.Environment["PGPASSWORD"] = PostgresServer.Password;
        try
        {
            return await CommandLine.RunToEnd(start, TimeSpan.FromMinutes(1));
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs psql on the PATH");
            throw;
        }
    }

    private CommandLine Embed(SmallGraph graph, string table, string? column) => Embed(graph.Path, table, column);

    private CommandLine Embed(string graph, string table, string? column, string? connection = null, params string[] options) =>
        CommandLine.Run([
            "embed", "--model", tiny.Model, "--graph", graph, "--as", "postgres", "--to", connection ?? server.Connection, "--table", table,
            "--threads", "1", .. column is null ? [] : new[] { "--column", column },
            .. options.Length > 0 ? options : ["--out", tiny.File("vectors")],
        ]);

    private void AssertHolds(string table, SmallGraph files, string? connection = null)
    {
        var beside = tiny.File($"beside-{Guid.NewGuid()}");
        CommandLine.Run("embed", "--model", tiny.Model, "--graph", files.Path, "--out", beside, "--threads", "1").IsSuccess();
        using var file = SafetensorsFile.Open(Path.Combine(beside, "entities.safetensors"));
        var entry = file.Find("embeddings");
        var expected = new float[entry.ElementCount];
        file.ReadSingles(entry, 0, expected);
        var graph = files.Load();
        var rows = new Dictionary<string, (string Name, string Text, float[] Vector)>();
        using (var opened = new NpgsqlConnection(connection ?? server.Connection))
        {
            opened.Open();
            using var command = new NpgsqlCommand($"select id, name, text, embedding::text from {table}", opened);
            using var reader = command.ExecuteReader();
            while (reader.Read())
                rows.Add(reader.GetString(0), (reader.GetString(1), reader.GetString(2), [.. reader.GetString(3).Trim('{', '}', '[', ']')
                    .Split(',').Select(number => float.Parse(number, CultureInfo.InvariantCulture))]));
        }
        Assert.Equal(graph.Entities.Count, rows.Count);
        foreach (var (index, entity) in graph.Entities.Index())
        {
            var (name, text, vector) = rows[entity.Id];
            Assert.Equal((entity.Name, entity.Description), (name, text));
            Assert.Equal(expected[(index * vector.Length)..((index + 1) * vector.Length)], vector);
        }
    }

    private object? Ask(string query, string? connection = null)
    {
        using var opened = new NpgsqlConnection(connection ?? server.Connection);
        opened.Open();
        using var command = new NpgsqlCommand(query, opened);
        return command.ExecuteScalar();
    }

    private static void Run(string connection, string statements)
    {
        using var opened = new NpgsqlConnection(connection);
        opened.Open();
        using var command = new NpgsqlCommand(statements, opened);
        command.ExecuteNonQuery();
    }

    // A type with the name, the modifier, the text form and the cast of pgvector's, for servers that have no pgvector.
    private const string StandIn = """
        create type vector;
        create function vector_in(cstring, oid, integer) returns vector language internal immutable strict as 'varcharin';
        create function vector_out(vector) returns cstring language internal immutable strict as 'varcharout';
        create function vector_typmod_in(cstring[]) returns integer language internal immutable strict as 'varchartypmodin';
        create function vector_typmod_out(integer) returns cstring language internal immutable strict as 'varchartypmodout';
        create type vector (input = vector_in, output = vector_out, typmod_in = vector_typmod_in, typmod_out = vector_typmod_out,
            internallength = variable, alignment = int4, storage = extended);
        create function array_to_vector(real[], integer, boolean) returns vector language sql immutable strict
            as $$ select translate($1::text, '{}', '[]')::vector $$;
        create cast (real[] as vector) with function array_to_vector(real[], integer, boolean) as assignment;
        """;
}
