using System.Text;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Safetensors;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_type_rank_and_size_comes_back_as_written()
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["made_by"] = "a test" });
        long[][] shapes = [[], [0], [3], [2, 3], [2, 0, 3], [1, 1, 1, 5]];
        foreach (var type in Enum.GetValues<TensorType>())
            for (var i = 0; i < shapes.Length; i++)
                writer.Declare($"{type}.{i}", type, shapes[i]);
        var random = new Random(1);
        var written = new Dictionary<string, byte[]>();
        var path = _folder.File("all.safetensors");
        writer.Write(path, (entry, stream) =>
        {
            written[entry.Name] = new byte[entry.ByteCount];
            random.NextBytes(written[entry.Name]);
            stream.Write(written[entry.Name]);
        });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(60, file.Tensors.Count);
        Assert.Equal(new Dictionary<string, string> { ["format"] = "pt", ["made_by"] = "a test" }, file.Metadata);
        foreach (var entry in writer.Layout())
        {
            var found = file.Find(entry.Name);
            Assert.Equal(entry.Type, found.Type);
            Assert.Equal(entry.Shape, found.Shape);
            Assert.Equal((entry.Begin, entry.End), (found.Begin, found.End));
            Assert.Equal(written[entry.Name], file.Bytes(found).ToArray());
            Assert.Equal(0, (file.DataStart + found.Begin) % found.Type.ItemSize());
        }
    }

    [Fact]
    public void Writes_the_bytes_the_format_prescribes()
    {
        var writer = new SafetensorsWriter();
        writer.Declare("b", TensorType.BF16, 1);
        writer.Declare("c", TensorType.F32, 2, 1);
        writer.Declare("a", TensorType.F16);
        writer.Declare("é", TensorType.F32, 0);
        var path = _folder.File("small.safetensors");
        writer.Write(path, (entry, stream) =>
            SafetensorsWriter.WriteSingles(entry, stream, new float[] { 1, -2 }.AsSpan(0, (int)entry.ElementCount)));

        var header = """
            {"__metadata__":{"format":"pt"},
            "c":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
            "é":{"dtype":"F32","shape":[0],"data_offsets":[8,8]},
            "a":{"dtype":"F16","shape":[],"data_offsets":[8,10]},
            "b":{"dtype":"BF16","shape":[1],"data_offsets":[10,12]}}
            """.ReplaceLineEndings("");
        while (Encoding.UTF8.GetByteCount(header) % 8 != 0)
            header += " ";
        Assert.Equal(
            SafetensorsBytes.Make(header, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0x00, 0x3C, 0x80, 0x3F),
            File.ReadAllBytes(path));
    }

    [Fact]
    public void Reads_every_type_as_singles_from_unaligned_data()
    {
        // One byte before each number, so that none is aligned.
        using var f64 = OpenUnaligned("F64", BitConverter.GetBytes(1.5));
        using var f32 = OpenUnaligned("F32", BitConverter.GetBytes(1.5f));
        using var f16 = OpenUnaligned("F16", BitConverter.GetBytes((Half)1.5));
        using var bf16 = OpenUnaligned("BF16", [0xC0, 0x3F]);
        using var i64 = OpenUnaligned("I64", BitConverter.GetBytes(-70_000L));
        using var i32 = OpenUnaligned("I32", BitConverter.GetBytes(-70_000));
        using var i16 = OpenUnaligned("I16", BitConverter.GetBytes((short)-300));
        using var i8 = OpenUnaligned("I8", [0xFE]);
        using var u8 = OpenUnaligned("U8", [0xFE]);
        using var truth = OpenUnaligned("BOOL", [1]);
        Assert.Equal([1.5f, 1.5f, 1.5f, 1.5f, -70_000f, -70_000f, -300f, -2f, 254f, 1f],
            new[] { f64, f32, f16, bf16, i64, i32, i16, i8, u8, truth }.Select(First));
    }

    [Fact]
    public void Reads_part_of_a_tensor_larger_than_a_chunk()
    {
        const int Count = 200_003;
        var values = Enumerable.Range(0, Count).Select(i => (float)i).ToArray();
        var writer = new SafetensorsWriter();
        writer.Declare("x", TensorType.F32, Count);
        var path = _folder.File("long.safetensors");
        writer.Write(path, (entry, stream) => SafetensorsWriter.WriteSingles(entry, stream, values));

        using var file = SafetensorsFile.Open(path);
        var read = new float[150_000];
        file.ReadSingles(file.Find("x"), 50_003, read);
        Assert.Equal(values[50_003..], read);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadSingles(file.Find("x"), 50_004, read));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(file.Find("x"), 4 * Count, 1).Length);
    }

    [Fact]
    public void An_absent_tensor_is_named_with_its_file()
    {
        using var file = OpenUnaligned("U8", [1]);
        var error = Assert.Throws<KalmException>(() => file.Find("lm_head.weight"));
        Assert.StartsWith(file.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains("'lm_head.weight'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_while_writing_leaves_the_former_file_and_nothing_else()
    {
        var path = _folder.Write("model.safetensors", "former");
        var writer = new SafetensorsWriter();
        writer.Declare("x", TensorType.F16, 2);
        Assert.Throws<InvalidOperationException>(() => writer.Write(path, (_, stream) => stream.WriteByte(1)));
        Assert.Throws<KalmException>(() => writer.Write(path, (_, _) => throw new IOException("disk full")));
        var error = Assert.Throws<KalmException>(
            () => writer.Write(path, (entry, stream) => SafetensorsWriter.WriteSingles(entry, stream, [1, 1e6f])));
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
        Assert.Equal("former", File.ReadAllText(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_closed_file_gives_no_bytes()
    {
        var file = OpenUnaligned("U8", [1]);
        var entry = file.Find("x");
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes(entry).Length);
    }

    [Theory]
    [InlineData(0x3F800000u, 0x3F80)] // 1
    [InlineData(0x3F808000u, 0x3F80)] // a tie goes to the even neighbour below
    [InlineData(0x3F818000u, 0x3F82)] // a tie goes to the even neighbour above
    [InlineData(0x3F808001u, 0x3F81)] // just above a tie
    [InlineData(0x3F817FFFu, 0x3F81)] // just below a tie
    [InlineData(0x80000000u, 0x8000)] // minus zero
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest single rounds to infinity
    [InlineData(0xFF800000u, 0xFF80)] // minus infinity
    [InlineData(0x7F800001u, 0x7FC0)] // a NaN stays one though its payload is cut off
    [InlineData(0x00000001u, 0x0000)] // the smallest subnormal
    [InlineData(0x00018000u, 0x0002)] // subnormals round as others do
    public void Singles_round_to_BF16_to_nearest_even(uint bits, int expected) =>
        Assert.Equal((ushort)expected, TensorNumbers.ToBFloat16(BitConverter.UInt32BitsToSingle(bits)));

    [Theory]
    [InlineData(1f, 0x3C00)]
    [InlineData(1.00048828125f, 0x3C00)] // a tie goes to the even neighbour below
    [InlineData(1.00146484375f, 0x3C02)] // a tie goes to the even neighbour above
    [InlineData(65504f, 0x7BFF)]
    [InlineData(5.9604645e-8f, 0x0001)]
    [InlineData(float.NegativeInfinity, 0xFC00)]
    public void Singles_round_to_F16_to_nearest_even(float value, int expected)
    {
        var bytes = new byte[2];
        TensorNumbers.FromSingles("x", TensorType.F16, [value], bytes);
        Assert.Equal((ushort)expected, BitConverter.ToUInt16(bytes));
    }

    [Fact]
    public void Every_half_and_BF16_survives_being_read_and_written()
    {
        var all = new byte[2 * 65536];
        for (var bits = 0; bits < 65536; bits++)
            BitConverter.TryWriteBytes(all.AsSpan(2 * bits), (ushort)bits);
        var singles = new float[65536];
        var back = new byte[all.Length];
        foreach (var type in new[] { TensorType.F16, TensorType.BF16 })
        {
            TensorNumbers.ToSingles(type, all, singles);
            TensorNumbers.FromSingles("x", type, singles, back);
            for (var bits = 0; bits < 65536; bits++)
                if (!float.IsNaN(singles[bits]))
                    Assert.Equal(bits, BitConverter.ToUInt16(back, 2 * bits));
        }
    }

    private SafetensorsFile OpenUnaligned(string type, byte[] number)
    {
        var end = 1 + number.Length;
        var header = $$$"""
            {"pad":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[1,{{{end}}}]}}
            """;
        var path = _folder.File($"{type}.safetensors");
        File.WriteAllBytes(path, SafetensorsBytes.Make(header + new string(' ', (8 - (header.Length % 8)) % 8), [7, .. number]));
        return SafetensorsFile.Open(path);
    }

    private static float First(SafetensorsFile file)
    {
        var value = new float[1];
        file.ReadSingles(file.Find("x"), 0, value);
        return value[0];
    }
}
