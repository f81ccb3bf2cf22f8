using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kalm.Engine;
using Kalm.Evaluation.Vectors;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Cli;
using Kalm.Tests.Graph;
using Parquet;
using TorchSharp;

namespace Kalm.Tests.Evaluation.Vectors;

/// <summary>Every format read back: the numbers are those of the safetensors file, bit for bit.</summary>
public sealed class EmbeddingFormatTests(Tests.Cli.TinyModel tiny) : IClassFixture<Tests.Cli.TinyModel>
{
    private const string Odd = "wheel, \"a\"\\ <b> & 車 🛞";

    [Fact]
    public void Npy_holds_the_numbers_of_safetensors_behind_a_header_as_specified()
    {
        var (folder, expected) = Export("npy", "--queries", "test");
        foreach (var (name, rows) in new[] { ("entities", 4), ("queries", 2) })
        {
            var numbers = ReadNpy(Path.Combine(folder, name + ".npy"), out var shape);
            Assert.Equal([rows, shape[1]], shape);
            AssertSame(Safetensors(Path.Combine(expected, name + ".safetensors"), shape), numbers);
            Assert.Equal(File.ReadAllBytes(Path.Combine(expected, name + ".tsv")), File.ReadAllBytes(Path.Combine(folder, name + ".tsv")));
        }
        Assert.Equal(4, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public async Task Parquet_holds_words_and_the_numbers_of_safetensors()
    {
        var (folder, expected) = Export("parquet", "--queries", "test");
        var (words, vectors) = await ReadParquet(Path.Combine(folder, "entities.parquet"));
        Assert.Equal(["id", "name", "text"], words.Keys);
        Assert.Equal(["car", "wheel", "spoke", "truck"], words["id"]);
        Assert.Equal(["car, a road vehicle", Odd, "spoke, a rod", "car, a road vehicle"], words["text"]);
        Assert.Equal(4, words["name"].Length);
        AssertSame(Safetensors(Path.Combine(expected, "entities.safetensors"), [4, vectors.Length / 4]), vectors);

        (words, vectors) = await ReadParquet(Path.Combine(folder, "queries.parquet"));
        Assert.Equal(["truck", "truck"], words["head"]);
        Assert.Equal(["_similar_to", "_similar_to"], words["relation"]);
        Assert.Equal(["car", "car"], words["tail"]);
        Assert.Equal(["tail", "head"], words["direction"]);
        AssertSame(Safetensors(Path.Combine(expected, "queries.safetensors"), [2, vectors.Length / 2]), vectors);
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void Qdrant_gets_a_collection_and_bodies_of_points()
    {
        var (folder, expected) = Export("qdrant");
        using var collection = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "collection.json")));
        var vectors = collection.RootElement.GetProperty("vectors");
        var width = vectors.GetProperty("size").GetInt32();
        Assert.Equal("Dot", vectors.GetProperty("distance").GetString());
        var lines = File.ReadAllLines(Path.Combine(folder, "points.jsonl"));
        using var body = JsonDocument.Parse(Assert.Single(lines));
        Assert.Equal(["points"], body.RootElement.EnumerateObject().Select(member => member.Name));
        var points = body.RootElement.GetProperty("points").EnumerateArray().ToList();
        Assert.Equal([0UL, 1, 2, 3], points.Select(point => point.GetProperty("id").GetUInt64()));
        Assert.All(points, point => Assert.Equal(["id", "vector", "payload"], point.EnumerateObject().Select(member => member.Name)));
        AssertSame(Safetensors(Path.Combine(expected, "entities.safetensors"), [4, width]),
            [.. points.SelectMany(point => point.GetProperty("vector").EnumerateArray().Select(number => number.GetSingle()))]);
        var payload = points[1].GetProperty("payload");
        Assert.Equal(("wheel", Odd), (payload.GetProperty("id").GetString(), payload.GetProperty("text").GetString()));
        Assert.Equal(JsonValueKind.Array, payload.GetProperty("types").ValueKind);
        Assert.Contains("車", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Pgvector_gets_a_script_of_extension_table_rows_and_index()
    {
        var (folder, expected) = Export("pgvector");
        var lines = File.ReadAllLines(Path.Combine(folder, "entities.sql"));
        Assert.Equal(["begin;", "create extension if not exists vector;"], lines[..2]);
        var width = int.Parse(Regex.Match(lines[2], @"embedding vector\((\d+)\)").Groups[1].Value);
        Assert.StartsWith("copy entities (id, name, text, embedding) from stdin", lines[3], StringComparison.Ordinal);
        var rows = lines[4..8].Select(line => line.Split('\t')).ToList();
        Assert.Equal(["car", "wheel", "spoke", "truck"], rows.Select(row => row[0]));
        Assert.Equal(Odd, rows[1][2].Replace(@"\\", @"\", StringComparison.Ordinal));
        AssertSame(Safetensors(Path.Combine(expected, "entities.safetensors"), [4, width]),
            [.. rows.SelectMany(row => row[3][1..^1].Split(',').Select(float.Parse))]);
        Assert.Equal([@"\.", "create index if not exists entities_embedding on entities using hnsw (embedding vector_ip_ops);", "commit;"],
            lines[8..]);
    }

    [Fact]
    public void What_another_model_left_is_named_and_overwritten()
    {
        NativeEngine.Initialize();
        var folder = tiny.File("anew");
        using (var other = VectorFile.Open(Path.Combine(folder + ".part", "entities"), "other", 4, 8))
        using (var rows = torch.zeros(1, 8))
            other.Append(rows);
        var line = CommandLine.Run("embed", "--model", tiny.Model, "--graph", tiny.Graph, "--out", folder, "--threads", "1").IsSuccess();
        Assert.Contains($"starts anew: {folder}.part", line.Error, StringComparison.Ordinal);
        Assert.Contains("found format 1, key other, 4 rows of 8 numbers; expected", line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("goes on", line.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder + ".part"));
    }

    [Theory]
    [InlineData("--as csv", "--as", "safetensors or npy or parquet or qdrant or pgvector or postgres")]
    [InlineData("--as npy", "--out: missing", "--out DIR")]
    [InlineData("--as npy --out o --to Host=h", "--to with --as npy", "--as postgres")]
    [InlineData("--out o --table t", "--table with --as safetensors", "--as postgres")]
    [InlineData("--out o --column real[]", "--column with --as safetensors", "--as postgres")]
    [InlineData("--as postgres --to Host=h", "--table: missing", "--table NAME")]
    [InlineData("--as postgres --table t", "--to: missing", "--to DB")]
    [InlineData("--as postgres --table a.b.c --to Host=h", "a table 'a.b.c'", "a schema and a name")]
    [InlineData("--as postgres --table t --to nonsense", "a connection to PostgreSQL", "postgres://user@host:port/database")]
    [InlineData("--as postgres --table t --to Host=h --column halfvec", "--column", "vector or real[]")]
    [InlineData("--as qdrant --out o --queries test", "--queries with --as qdrant", "safetensors, npy or parquet")]
    [InlineData("--as pgvector --out o --queries test", "--queries with --as pgvector", "safetensors, npy or parquet")]
    public void Options_that_do_not_go_together_are_faults(string options, string named, string expected) =>
        CommandLine.Run(["embed", "--model", tiny.Model, "--graph", tiny.Graph, .. options.Split(' ')]).IsFault(named, expected);

    // The same graph as safetensors beside the other format; two of its entities share a text.
    private (string Folder, string Safetensors) Export(string format, params string[] options)
    {
        using var graph = SmallGraph.Kalm().With(
            "entityId2text.dict", $"0\tcar, a road vehicle\n1\t{Odd}\n2\tspoke, a rod\n3\tcar, a road vehicle\n");
        var (folder, expected) = (tiny.File(format), tiny.File($"beside-{format}"));
        foreach (var (kind, path) in new[] { (format, folder), ("safetensors", expected) })
            CommandLine.Run(
                ["embed", "--model", tiny.Model, "--graph", graph.Path, "--out", path, "--as", kind, "--threads", "1", .. options])
                .IsSuccess();
        Assert.False(Directory.Exists(folder + ".part"));
        return (folder, expected);
    }

    // After NumPy's NEP 1: magic, version, length of the header, a dictionary as Python writes it, then the numbers.
    private static float[] ReadNpy(string path, out int[] shape)
    {
        var bytes = File.ReadAllBytes(path);
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], bytes[..8]);
        var start = 10 + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        Assert.Equal(0, start % 64);
        var header = Encoding.ASCII.GetString(bytes, 10, start - 10);
        var match = Regex.Match(header, @"^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$");
        Assert.True(match.Success, header);
        shape = [int.Parse(match.Groups[1].Value), int.Parse(match.Groups[2].Value)];
        Assert.Equal((long)shape[0] * shape[1] * sizeof(float), bytes.Length - start);
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(start)).ToArray();
    }

    private static async Task<(Dictionary<string, string[]> Words, float[] Vectors)> ReadParquet(string path)
    {
        await using var stream = File.OpenRead(path);
        await using var reader = await ParquetReader.CreateAsync(stream);
        var words = new Dictionary<string, string[]>();
        Assert.Equal(1, reader.RowGroupCount);
        using var group = reader.OpenRowGroupReader(0);
        var fields = reader.Schema.GetDataFields();
        foreach (var field in fields[..^1])
            await group.ReadAsync(field, words[field.Name] = new string[group.RowCount]);
        Assert.Equal("vector/list/element", fields[^1].Path.ToString());
        var values = new float[group.GetMetadata(fields[^1])!.MetaData!.NumValues];
        var (levels, repeats) = (new int[values.Length], new int[values.Length]);
        await group.ReadRawAsync<float>(fields[^1], values, levels, repeats, TestContext.Current.CancellationToken);
        Assert.All(levels, level => Assert.Equal(fields[^1].MaxDefinitionLevel, level));
        // Each row's list begins where nothing repeats, and all are of one length.
        var width = values.Length / (int)group.RowCount;
        Assert.Equal(Enumerable.Range(0, values.Length).Select(index => index % width == 0 ? 0 : 1), repeats);
        return (words, values);
    }

    private static float[] Safetensors(string path, int[] shape)
    {
        using var file = SafetensorsFile.Open(path);
        var entry = file.Find("embeddings");
        Assert.Equal(shape.Select(size => (long)size), entry.Shape);
        var values = new float[entry.ElementCount];
        file.ReadSingles(entry, 0, values);
        return values;
    }

    private static void AssertSame(float[] expected, float[] found) =>
        Assert.Equal(Array.ConvertAll(expected, BitConverter.SingleToInt32Bits), Array.ConvertAll(found, BitConverter.SingleToInt32Bits));
}
