using System.Data;
using Kalm.Graph.Readers.Records;
using Npgsql;

namespace Kalm.Graph.Readers.Databases;

/// <summary>Reads the answer of a query to PostgreSQL, row by row: a table of facts by the names of its columns.</summary>
internal static class PostgresQuery
{
    /// <summary>What --format calls it.</summary>
    public const string Key = "postgres";

    /// <summary>The format in words.</summary>
    public const string Name = "query to PostgreSQL";

    /// <summary>Reads a graph.</summary>
    /// <param name="connection">Where the server is.</param>
    /// <param name="graph">The query in its options; takes the facts.</param>
    /// <exception cref="KalmException">The server cannot be reached, or refuses the query.</exception>
    public static void Read(PostgresConnection connection, GraphBuilder graph)
    {
        if (string.IsNullOrWhiteSpace(graph.Options.Query))
            throw new KalmException($"{connection.Shown}: no query; expected one by --query, such as \"select head, relation, tail from "
                + "facts\"");
        connection.Use(server => ReadRows(server, graph.Options.Query, connection.Shown, graph), "a query that it answers");
    }

    private static void ReadRows(NpgsqlConnection server, string query, string shown, GraphBuilder graph)
    {
        using var transaction = server.BeginTransaction();
        // A query that reads cannot change anything, whatever it calls.
        using (var setting = new NpgsqlCommand("set transaction read only; set local datestyle to iso", server, transaction))
            setting.ExecuteNonQuery();
        // Every type as the server writes it: numbers keep all their digits, and types that only the server knows are texts, too.
        using var command = new NpgsqlCommand(query, server, transaction) { AllResultTypesAreUnknown = true, CommandTimeout = 0 };
        using var rows = command.ExecuteReader(CommandBehavior.SingleResult);
        if (rows.FieldCount == 0)
            throw new KalmException($"{shown}: the query returns no rows; expected a select of head, relation and tail");
        string[] names = [.. Enumerable.Range(0, rows.FieldCount).Select(rows.GetName)];
        var source = new GraphFile(shown, shown, () => throw new NotSupportedException());
        var table = new NamedTable(graph, source, names, Split.Train);
        for (var number = 1; rows.Read(); number++)
        {
            var row = new string?[names.Length];
            for (var column = 0; column < row.Length; column++)
                row[column] = rows.IsDBNull(column) ? null : rows.GetString(column);
            table.Add(row, new Place(shown, number));
        }
        table.Finish();
    }
}
