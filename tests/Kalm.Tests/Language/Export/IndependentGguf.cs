using System.Buffers.Binary;
using System.Text;

namespace Kalm.Tests.Language.Export;

/// <summary>A tensor as the file describes it.</summary>
/// <param name="Shape">Rows before columns.</param>
/// <param name="Type">The format's number.</param>
/// <param name="Offset">From the start of the data.</param>
internal sealed record IndependentTensor(long[] Shape, uint Type, long Offset);

/// <summary>Reads GGUF from the format's facts alone, as another program would.</summary>
internal sealed class IndependentGguf
{
    private readonly byte[] bytes;
    private int position;

    public IndependentGguf(string path)
    {
        bytes = File.ReadAllBytes(path);
        Assert.Equal("GGUF", Encoding.ASCII.GetString(bytes, 0, 4));
        position = 4;
        Assert.Equal(3u, U32());
        var (tensorCount, keyCount) = (U64(), U64());
        for (var index = 0L; index < keyCount; index++)
        {
            var key = Text();
            Keys.Add(key, Value(U32()));
        }
        for (var index = 0L; index < tensorCount; index++)
        {
            var name = Text();
            var shape = new long[U32()];
            for (var dimension = shape.Length - 1; dimension >= 0; dimension--)
                shape[dimension] = U64();
            Tensors.Add(name, new IndependentTensor(shape, U32(), U64()));
        }
        DataStart = (position + 31) / 32 * 32;
        Assert.All(bytes[position..DataStart], padding => Assert.Equal(0, padding));
    }

    public Dictionary<string, object> Keys { get; } = [];

    public Dictionary<string, IndependentTensor> Tensors { get; } = [];

    public int DataStart { get; }

    public long Length => bytes.Length;

    public T Key<T>(string key) => Assert.IsType<T>(Keys[key]);

    /// <summary>The bytes a tensor takes.</summary>
    public static long ByteCount(IndependentTensor tensor)
    {
        var count = tensor.Shape.Aggregate(1L, (product, size) => product * size);
        return tensor.Type switch
        {
            0 => 4 * count,
            1 or 30 => 2 * count,
            8 => count / 32 * 34,
            _ => throw new InvalidDataException($"type {tensor.Type}"),
        };
    }

    /// <summary>The numbers of a tensor.</summary>
    public float[] Numbers(string name)
    {
        var tensor = Tensors[name];
        var data = bytes.AsSpan(checked((int)(DataStart + tensor.Offset)), (int)ByteCount(tensor));
        var numbers = new float[tensor.Shape.Aggregate(1L, (product, size) => product * size)];
        for (var index = 0; index < numbers.Length; index++)
            numbers[index] = tensor.Type switch
            {
                0 => BinaryPrimitives.ReadSingleLittleEndian(data[(4 * index)..]),
                1 => (float)BinaryPrimitives.ReadHalfLittleEndian(data[(2 * index)..]),
                30 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * index)..]) << 16),
                _ => (float)BinaryPrimitives.ReadHalfLittleEndian(data[(index / 32 * 34)..])
                    * (sbyte)data[index / 32 * 34 + 2 + index % 32],
            };
        return numbers;
    }

    private object Value(uint type) => type switch
    {
        4 => U32(),
        5 => BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        6 => BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        7 => Take(1)[0] == 1,
        8 => Text(),
        9 => List(),
        10 => U64(),
        _ => throw new InvalidDataException($"key type {type}"),
    };

    private object List()
    {
        var type = U32();
        var values = Enumerable.Range(0, checked((int)U64())).Select(_ => Value(type)).ToArray();
        return type switch
        {
            5 => values.Cast<int>().ToArray(),
            6 => values.Cast<float>().ToArray(),
            7 => values.Cast<bool>().ToArray(),
            8 => values.Cast<string>().ToArray(),
            _ => throw new InvalidDataException($"element type {type}"),
        };
    }

    private uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private long U64() => checked((long)BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));

    private string Text() => new UTF8Encoding(false, true).GetString(Take(checked((int)U64())));

    private ReadOnlySpan<byte> Take(int count)
    {
        position += count;
        return bytes.AsSpan(position - count, count);
    }
}
