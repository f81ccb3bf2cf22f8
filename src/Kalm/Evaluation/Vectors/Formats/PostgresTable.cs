using Kalm.Graph.Readers.Databases;
using Npgsql;
using NpgsqlTypes;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>A table of PostgreSQL that takes entities: <c>id text primary key, name text, text text, embedding</c>. It is made where it is
/// absent; rows whose id it has are replaced, others stay. All is written, or nothing.</summary>
public sealed class PostgresTable
{
    private const int RowsAtOnce = 4096;
    private const string Arriving = "pg_temp.kalm_arriving";
    private readonly PostgresConnection connection;
    private readonly string name;
    private readonly bool isArray;

    /// <summary>Names a table; nothing is asked of the server yet.</summary>
    /// <param name="connection">postgres://user@host:port/database, or Host=…;Database=….</param>
    /// <param name="name">The table, or schema.table, spelled as it is there.</param>
    /// <param name="isArray">Whether the vectors are a column real[]; else one of pgvector's type.</param>
    /// <exception cref="KalmException">The connection or the name is none.</exception>
    public PostgresTable(string connection, string name, bool isArray)
    {
        ArgumentNullException.ThrowIfNull(name);
        this.connection = PostgresConnection.Of(connection);
        var parts = name.Split('.');
        if (parts.Length > 2 || parts.Any(part => part.Length == 0 || part.Contains('\0', StringComparison.Ordinal)))
            throw new KalmException($"a table '{name}': expected a name, or a schema and a name with a point between them");
        this.name = string.Join('.', parts.Select(part => $"\"{part.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        this.isArray = isArray;
    }

    /// <summary>Server and table, for messages; without the password.</summary>
    public string Shown => $"{connection.Shown} {name}";

    /// <summary>Refuses, before any long work, what <see cref="Write"/> would refuse after it. Changes nothing.</summary>
    /// <param name="width">Numbers in a vector.</param>
    /// <exception cref="KalmException">The server cannot be reached, has no type <c>vector</c>, or has another table of this
    /// name.</exception>
    public void Check(int width) => Use(width, _ => false);

    /// <summary>Writes every entity, in one transaction.</summary>
    /// <param name="store">All vectors, encoded.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between rows; the table stays as it was.</param>
    /// <returns>The number of rows written.</returns>
    /// <inheritdoc cref="Check" path="/exception"/>
    public int Write(EmbeddingStore store, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var table = ExportTable.OfEntities(store) with { Progress = progress, Cancellation = cancellation };
        Use(store.Entities.Width, server =>
        {
            foreach (var rows in table.Rows().Chunk(RowsAtOnce))
            {
                Copy(server, table, rows);
                Merge(server, store.Entities.Width);
            }
            return true;
        });
        return table.Count;
    }

    private void Use(int width, Func<NpgsqlConnection, bool> work) => connection.Use(
        server =>
        {
            using var transaction = server.BeginTransaction();
            RequireType(server);
            // Asked first, because who may write to a table need not have the right to make one.
            if (Ask(server, "select to_regclass($1) is null") is true)
                Run(server, $"create table {name} (id text primary key, name text not null, text text not null, "
                    + $"embedding {Type(width)} not null)");
            RequireColumn(server, width);
            Run(server, $"create temporary table {Arriving} (id text, name text, text text, embedding real[]) on commit drop");
            Merge(server, width);
            if (work(server))
                transaction.Commit();
        },
        $"{name} to take id, name, text and embedding {Type(width)}");

    private string Type(int width) => isArray ? "real[]" : $"vector({width})";

    private void RequireType(NpgsqlConnection server)
    {
        if (!isArray && Ask(server, "select to_regtype('vector') is null") is true)
            throw new KalmException($"{connection.Shown}: has no type vector; expected the extension pgvector, which "
                + "\"create extension vector\" adds to a database where the server has it; or --column real[]");
    }

    private void RequireColumn(NpgsqlConnection server, int width)
    {
        var found = Ask(server, "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass($1) "
            + "and attname = 'embedding' and not attisdropped") as string;
        if (found != Type(width) && (isArray || found != "vector"))
            throw new KalmException($"{connection.Shown}: {name}: found {(found is null ? "no column embedding" : $"embedding {found}")}; "
                + $"expected embedding {Type(width)}, or a table that is not there yet");
    }

    private static void Copy(NpgsqlConnection server, ExportTable table, int[] rows)
    {
        using var copy = server.BeginBinaryImport($"copy {Arriving} (id, name, text, embedding) from stdin (format binary)");
        copy.Timeout = TimeSpan.Zero;
        var vector = new float[table.Vectors.Width];
        foreach (var row in rows)
        {
            copy.StartRow();
            foreach (var word in table.Words(row))
                copy.Write(word, NpgsqlDbType.Text);
            table.Vector(row).CopyTo(vector);
            copy.Write(vector, NpgsqlDbType.Array | NpgsqlDbType.Real);
        }
        copy.Complete();
    }

    private void Merge(NpgsqlConnection server, int width)
    {
        Run(server, $"insert into {name} (id, name, text, embedding) select id, name, text, embedding::{Type(width)} from {Arriving} "
            + "on conflict (id) do update set name = excluded.name, text = excluded.text, embedding = excluded.embedding");
        Run(server, $"truncate {Arriving}");
    }

    private object? Ask(NpgsqlConnection server, string query)
    {
        using var command = new NpgsqlCommand(query, server);
        if (query.Contains("$1", StringComparison.Ordinal))
            command.Parameters.Add(new NpgsqlParameter { Value = name });
        return command.ExecuteScalar();
    }

    private static void Run(NpgsqlConnection server, string statement)
    {
        using var command = new NpgsqlCommand(statement, server) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }
}
