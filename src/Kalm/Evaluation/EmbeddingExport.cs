using Kalm.Files;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation;

/// <summary>What an export holds.</summary>
/// <param name="Entities">Rows of the entities' file.</param>
/// <param name="Queries">Rows of the queries' file; 0 without one.</param>
/// <param name="Width">Numbers in a row.</param>
public sealed record EmbeddingExportSize(int Entities, int Queries, int Width);

/// <summary>Writes the vectors that ranking uses, for other programs: <c>entities.safetensors</c> with <c>entities.tsv</c>, and
/// <c>queries.safetensors</c> with <c>queries.tsv</c>. Each safetensors file holds one tensor <c>embeddings</c> [rows, hidden], F32, of
/// unit length; row i belongs to line i of the table below its heading. A vector that several rows share is written out for each.</summary>
public static class EmbeddingExport
{
    /// <summary>The name of the tensor.</summary>
    public const string TensorName = "embeddings";

    private const int RowBlock = 8192;

    /// <summary>Encodes and writes.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="triples">The triples whose two queries are written: the tail side, then the head side of each; null for none.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">The vectors are not finite, or the file system refused.</exception>
    public static EmbeddingExportSize Write(
        string folder, DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple>? triples,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var queries = (triples ?? [])
            .SelectMany(triple => new[] { (Triple: triple, Side: Side.Tail), (Triple: triple, Side: Side.Head) }).ToList();
        var queryTexts = queries.ConvertAll(query =>
        {
            var row = graph.Row(query.Triple, query.Side);
            return texts.QueryText(row.Head, row.DirectedRelation);
        });
        var forest = new Forest(texts, texts.EntityText, queryTexts);
        var relay = Relay.Of(progress, "encoding", forest.Rows.Count);
        var vectors = Encoder.EncodeAll(decoder, forest.Rows, relay, cancellation);
        Encoder.RequireFinite(vectors);

        WriteVectors(
            Path.Combine(folder, "entities.safetensors"), vectors, [.. texts.EntityText.Select(text => (long)forest.EntityRead(text))]);
        WriteTable(Path.Combine(folder, "entities.tsv"), "row\tid\ttext",
            graph.Entities.Select(entity => $"{Cell(entity.Id)}\t{Cell(entity.Description)}"));
        if (triples is not null)
        {
            WriteVectors(
                Path.Combine(folder, "queries.safetensors"), vectors, [.. queryTexts.Select(text => (long)forest.QueryRead(text))]);
            WriteTable(Path.Combine(folder, "queries.tsv"), "row\thead\trelation\ttail\tdirection", queries.Select(query => string.Join(
                '\t', Cell(graph.Entities[query.Triple.Head].Id), Cell(graph.Relations[query.Triple.Relation].Id),
                Cell(graph.Entities[query.Triple.Tail].Id), query.Side == Side.Tail ? "tail" : "head")));
        }
        return new EmbeddingExportSize(graph.Entities.Count, queries.Count, (int)vectors.shape[1]);
    }

    private static void WriteVectors(string path, Tensor vectors, IReadOnlyList<long> reads)
    {
        var writer = new SafetensorsWriter();
        writer.Declare(TensorName, TensorType.F32, reads.Count, vectors.shape[1]);
        writer.Write(path, (_, stream) =>
        {
            // In blocks, because the bytes of a tensor can be looked at only below 2 GiB.
            foreach (var block in reads.Chunk(RowBlock))
            {
                using var scope = NewDisposeScope();
                stream.Write(vectors.index_select(0, tensor(block, device: vectors.device)).cpu().contiguous().bytes);
            }
        });
    }

    private static void WriteTable(string path, string heading, IEnumerable<string> rows) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(heading);
        foreach (var (index, row) in rows.Index())
            writer.WriteLine($"{index}\t{row}");
    });

    /// <summary>A text that stays in its cell.</summary>
    private static string Cell(string text) => text.Replace('\t', ' ').ReplaceLineEndings(" ");
}
