using System.Text;
using Kalm.Files;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Language.Export;

/// <summary>Writes a GGUF file of version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) as a stream: keys and tensors are
/// declared first, then the data is asked for tensor by tensor.</summary>
internal sealed class GgufWriter : IDisposable
{
    private const uint Version = 3;
    private const int Alignment = 32;
    private const uint UnsignedType = 4, SignedType = 5, SingleType = 6, BoolType = 7, TextType = 8, ArrayType = 9;

    private readonly MemoryStream _keyBytes = new();
    private readonly BinaryWriter _keys;
    private readonly HashSet<string> _names = [];
    private readonly List<(string Name, GgufTensorType Type, long[] Shape, long Offset)> _tensors = [];
    private ulong _keyCount;
    private long _dataLength;

    public GgufWriter() => _keys = new BinaryWriter(_keyBytes);

    public void Add(string key, string value)
    {
        Begin(key, TextType);
        Write(_keys, value);
    }

    public void Add(string key, long value)
    {
        Begin(key, UnsignedType);
        _keys.Write(checked((uint)value));
    }

    public void Add(string key, double value)
    {
        Begin(key, SingleType);
        _keys.Write((float)value);
    }

    public void Add(string key, bool value)
    {
        Begin(key, BoolType);
        _keys.Write(value);
    }

    public void Add(string key, IReadOnlyList<string> values) => AddList(key, TextType, values, value => Write(_keys, value));

    public void Add(string key, IReadOnlyList<int> values) => AddList(key, SignedType, values, _keys.Write);

    public void Add(string key, IReadOnlyList<float> values) => AddList(key, SingleType, values, _keys.Write);

    public void Add(string key, IReadOnlyList<bool> values) => AddList(key, BoolType, values, _keys.Write);

    /// <summary>Declares a tensor; they lie in the file in the order of their declarations.</summary>
    /// <param name="name">Its name, unique in the file.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">Its shape, rows before columns.</param>
    public void Declare(string name, GgufTensorType type, long[] shape)
    {
        if (!_names.Add(name))
            throw new ArgumentException($"the tensor {name} is declared twice", nameof(name));
        _tensors.Add((name, type, shape, _dataLength));
        _dataLength = checked(_dataLength + Padded(ByteCount(type, shape)));
    }

    /// <summary>Writes the file whole or, when anything fails, not at all.</summary>
    /// <param name="path">The file, replaced when it exists.</param>
    /// <param name="writeData">Writes the bytes of the tensor of that name into the stream.</param>
    public void Write(string path, Action<string, Stream> writeData) => AtomicFile.Write(path, stream =>
    {
        using var header = new MemoryStream();
        using (var writer = new BinaryWriter(header, Encoding.UTF8, leaveOpen: true))
            WriteHeader(writer);
        header.WriteTo(stream);
        Pad(stream, header.Length);
        var start = stream.Position;
        foreach (var (name, type, shape, offset) in _tensors)
        {
            writeData(name, stream);
            var written = stream.Position - start - offset;
            if (written != ByteCount(type, shape))
                throw new InvalidOperationException($"{path}: {name}: {written} bytes written, expected {ByteCount(type, shape)}");
            Pad(stream, written);
        }
    });

    public void Dispose() => _keys.Dispose();

    private void WriteHeader(BinaryWriter writer)
    {
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write(_keyCount);
        writer.Write(_keyBytes.GetBuffer(), 0, (int)_keyBytes.Length);
        foreach (var (name, type, shape, offset) in _tensors)
        {
            Write(writer, name);
            writer.Write((uint)shape.Length);
            foreach (var size in shape.Reverse())
                writer.Write((ulong)size);
            writer.Write((uint)type);
            writer.Write((ulong)offset);
        }
    }

    private void Begin(string key, uint type)
    {
        if (!_names.Add(key))
            throw new ArgumentException($"the key {key} is there already", nameof(key));
        _keyCount++;
        Write(_keys, key);
        _keys.Write(type);
    }

    private void AddList<T>(string key, uint type, IReadOnlyList<T> values, Action<T> write)
    {
        Begin(key, ArrayType);
        _keys.Write(type);
        _keys.Write((ulong)values.Count);
        foreach (var value in values)
            write(value);
    }

    private static void Write(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static long ByteCount(GgufTensorType type, long[] shape) => type.ByteCount(shape.Aggregate(1L, (product,
        size) => product * size));

    private static long Padded(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static void Pad(FileStream stream, long length) => stream.Write(new byte[Padded(length) - length]);
}
