using System.Globalization;
using System.Text;
using Kalm.Files;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>Writes what <c>psql -f</c> takes: <c>entities.sql</c>, which makes pgvector's extension, the table <c>entities</c> (id, name,
/// text, embedding), its rows by COPY and an index for inner products, in one transaction. A table that is there gets further rows; one
/// whose id it has fails the whole.</summary>
internal static class PgvectorScript
{
    /// <summary>The file.</summary>
    public const string Name = "entities.sql";

    // What pgvector's hnsw indexes, as it is stored and as half-precision numbers.
    private const int MostIndexed = 2000;
    private const int MostHalfIndexed = 4000;

    /// <summary>Writes the file.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="table">The entities.</param>
    public static void Write(string folder, ExportTable table) => AtomicFile.Write(Path.Combine(folder, Name), stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        var width = table.Vectors.Width;
        writer.WriteLine("begin;");
        writer.WriteLine("create extension if not exists vector;");
        writer.WriteLine("create table if not exists entities (id text primary key, name text not null, text text not null, "
            + $"embedding vector({width}) not null);");
        writer.WriteLine("copy entities (id, name, text, embedding) from stdin with (encoding 'utf8');");
        var numbers = new StringBuilder();
        foreach (var row in table.Rows())
        {
            numbers.Clear();
            foreach (var number in table.Vector(row))
                numbers.Append(numbers.Length == 0 ? '[' : ',').Append(number.ToString("R", CultureInfo.InvariantCulture));
            writer.WriteLine(string.Join('\t', [.. table.Words(row).Select(Escaped), $"{numbers}]"]));
        }
        writer.WriteLine("\\.");
        // Of unit vectors the inner product is the cosine: order by embedding <#> '[...]'.
        if (width <= MostIndexed)
            writer.WriteLine("create index if not exists entities_embedding on entities using hnsw (embedding vector_ip_ops);");
        else if (width <= MostHalfIndexed)
            writer.WriteLine("create index if not exists entities_embedding on entities using hnsw "
                + $"((embedding::halfvec({width})) halfvec_ip_ops);");
        writer.WriteLine("commit;");
    });

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal);
}
