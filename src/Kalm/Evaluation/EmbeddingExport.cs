using Kalm.Evaluation.Vectors;
using Kalm.Evaluation.Vectors.Formats;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Evaluation;

/// <summary>What other programs read vectors from.</summary>
public enum EmbeddingFormat
{
    /// <summary><c>entities.safetensors</c>, one tensor <c>embeddings</c> [rows, width], F32, and <c>entities.tsv</c>; queries
    /// likewise.</summary>
    Safetensors,

    /// <summary><c>entities.npy</c>, [rows, width], F32, and <c>entities.tsv</c>; queries likewise.</summary>
    Npy,

    /// <summary><c>entities.parquet</c>: id, name, text, vector; <c>queries.parquet</c>: head, relation, tail, direction,
    /// vector.</summary>
    Parquet,

    /// <summary><c>collection.json</c> and <c>points.jsonl</c>, the bodies of requests to Qdrant; entities only.</summary>
    Qdrant,

    /// <summary><c>entities.sql</c>, a script for psql that fills a table with a column of pgvector's type; entities only.</summary>
    Pgvector,
}

/// <summary>What an export holds.</summary>
/// <param name="Entities">Rows of the entities' file.</param>
/// <param name="Queries">Rows of the queries' file; 0 without one.</param>
/// <param name="Width">Numbers in a row.</param>
public sealed record EmbeddingExportSize(int Entities, int Queries, int Width);

/// <summary>Writes the vectors that ranking uses, for other programs. Rows have unit length; row i of a file belongs to line i of the
/// table beside it, below its heading. A vector that several rows share is written out for each.</summary>
public static class EmbeddingExport
{
    /// <summary>What the one tensor of a safetensors file is called.</summary>
    public const string TensorName = "embeddings";

    /// <summary>Writes the files.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="format">Which files.</param>
    /// <param name="store">All vectors, encoded.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <exception cref="KalmException">The file system refused.</exception>
    public static EmbeddingExportSize Write(
        string folder, EmbeddingFormat format, EmbeddingStore store, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var entities = ExportTable.OfEntities(store) with { Progress = progress, Cancellation = cancellation };
        var queries = store.Queries is null ? null
            : ExportTable.OfQueries(store) with { Progress = progress, Cancellation = cancellation };
        if (format is EmbeddingFormat.Qdrant or EmbeddingFormat.Pgvector && queries is not null)
            throw new ArgumentException("found queries; expected entities only, as nobody searches for a query", nameof(store));
        if (format == EmbeddingFormat.Pgvector)
            PgvectorScript.Write(folder, entities);
        else if (format == EmbeddingFormat.Qdrant)
            QdrantUpload.Write(folder, entities, entity => store.Graph.Entities[entity].Types);
        else
        {
            Write(folder, format, entities, "id", "text");
            if (queries is not null)
                Write(folder, format, queries, [.. queries.Columns]);
        }
        return new EmbeddingExportSize(entities.Count, queries?.Count ?? 0, store.Entities.Width);
    }

    private static void Write(string folder, EmbeddingFormat format, ExportTable table, params IReadOnlyList<string> shown)
    {
        var path = Path.Combine(folder, table.Name);
        if (format == EmbeddingFormat.Parquet)
        {
            ParquetVectors.Write(path + ".parquet", table);
            return;
        }
        if (format == EmbeddingFormat.Npy)
            NpyFile.Write(path + ".npy", table);
        else
        {
            var writer = new SafetensorsWriter();
            writer.Declare(TensorName, TensorType.F32, table.Count, table.Vectors.Width);
            writer.Write(path + ".safetensors", (_, stream) => table.WriteVectors(stream));
        }
        table.WriteWords(path + ".tsv", shown);
    }
}
