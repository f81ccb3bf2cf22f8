using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kalm.Files;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>Writes what Qdrant's HTTP interface takes: <c>collection.json</c>, the body that makes a collection (PUT
/// /collections/NAME), and <c>points.jsonl</c>, in each line a body that puts points into it (PUT /collections/NAME/points). A point's
/// id is the number of its entity's row, so that a second upload replaces the first; its payload says id, name, text and types.</summary>
internal static class QdrantUpload
{
    /// <summary>The file of the collection.</summary>
    public const string CollectionName = "collection.json";

    /// <summary>The file of the points.</summary>
    public const string PointsName = "points.jsonl";

    // The server takes 32 MB unless it is told otherwise.
    private const int UsualBodyBytes = 8 << 20;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes both files.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="table">The entities.</param>
    /// <param name="types">The types of each, in words.</param>
    /// <param name="bodyBytes">A body ends with the point that brings it to so many bytes.</param>
    public static void Write(
        string folder, ExportTable table, Func<int, IReadOnlyList<string>> types, int bodyBytes = UsualBodyBytes)
    {
        AtomicFile.WriteAllText(Path.Combine(folder, CollectionName), JsonText.Object(json =>
        {
            json.WriteStartObject("vectors");
            json.WriteNumber("size", table.Vectors.Width);
            // Of unit vectors this is the cosine, and it keeps the numbers as they are.
            json.WriteString("distance", "Dot");
            json.WriteEndObject();
        }));
        AtomicFile.Write(Path.Combine(folder, PointsName), stream =>
        {
            var body = new ArrayBufferWriter<byte>();
            using var json = new Utf8JsonWriter(body, Options);
            foreach (var row in table.Rows())
            {
                if (json.BytesCommitted + json.BytesPending == 0)
                {
                    json.WriteStartObject();
                    json.WriteStartArray("points");
                }
                WritePoint(json, table, row, types(row));
                if (json.BytesCommitted + json.BytesPending >= bodyBytes || row == table.Count - 1)
                    End(json, body, stream);
            }
        });
    }

    private static void WritePoint(Utf8JsonWriter json, ExportTable table, int row, IReadOnlyList<string> types)
    {
        json.WriteStartObject();
        json.WriteNumber("id", row);
        json.WriteStartArray("vector");
        foreach (var number in table.Vector(row))
            json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WriteStartObject("payload");
        foreach (var (index, word) in table.Words(row).Index())
            json.WriteString(table.Columns[index], word);
        json.WriteTexts("types", types);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void End(Utf8JsonWriter json, ArrayBufferWriter<byte> body, Stream stream)
    {
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        stream.Write(body.WrittenSpan);
        stream.WriteByte((byte)'\n');
        body.Clear();
        json.Reset();
    }
}
