using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>Writes a safetensors file as a stream: every tensor is declared first, then the data is asked for tensor by tensor, in the
/// order of the file, so that no more than one has to be in memory. Wide types come first, so that all data is aligned.</summary>
public sealed class SafetensorsWriter
{
    private const int Alignment = 8;
    private const int ElementsPerChunk = 1 << 14;

    // Names are written as they are, not as \u escapes: the header is not embedded in HTML.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, (TensorType Type, long[] Shape, long ByteCount)> _declared = [];
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Prepares a file whose header says <c>format: pt</c>, and <paramref name="metadata"/> beside it.</summary>
    public SafetensorsWriter(IReadOnlyDictionary<string, string>? metadata = null)
    {
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            _metadata[key] = value;
    }

    /// <summary>Declares a tensor; the order of declarations does not matter.</summary>
    public void Declare(string name, TensorType type, params ReadOnlySpan<long> shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (var size in shape)
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
        var copy = shape.ToArray();
        var byteCount = SafetensorsLayout.ByteCount(type, copy)
            ?? throw new ArgumentException($"the shape {TensorEntry.Describe(copy)} of {name} overflows", nameof(shape));
        if (name == SafetensorsHeader.MetadataName || !_declared.TryAdd(name, (type, copy, byteCount)))
            throw new ArgumentException($"the name {name} is taken", nameof(name));
    }

    /// <summary>Every declared tensor at its place in the file: by element size, largest first, then by name.</summary>
    public IReadOnlyList<TensorEntry> Layout()
    {
        var entries = new List<TensorEntry>(_declared.Count);
        var begin = 0L;
        foreach (var (name, (type, shape, byteCount)) in _declared
            .OrderByDescending(pair => pair.Value.Type.ItemSize()).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var end = checked(begin + byteCount);
            entries.Add(new TensorEntry(name, type, shape, begin, end));
            begin = end;
        }
        return entries;
    }

    /// <summary>Writes the file: header, then the bytes that <paramref name="writeData"/> puts into the stream for each tensor. The file
    /// appears whole or, when anything fails, not at all.</summary>
    /// <param name="path">The file to write, replaced when it exists.</param>
    /// <param name="writeData">Called once for each tensor, in the order of <see cref="Layout"/>; writes exactly its bytes, for
    /// example with <see cref="WriteSingles"/>.</param>
    /// <exception cref="KalmException">The file system refused; the message names the path.</exception>
    public void Write(string path, Action<TensorEntry, Stream> writeData)
    {
        ArgumentNullException.ThrowIfNull(writeData);
        var entries = Layout();
        var header = Header(entries);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[Alignment];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var entry in entries)
            {
                writeData(entry, stream);
                var written = stream.Position - Alignment - header.Length - entry.Begin;
                if (written != entry.ByteCount)
                    throw new InvalidOperationException($"{path}: {entry.Name}: {written} bytes written, expected {entry.ByteCount}");
            }
        });
    }

    /// <summary>Writes numbers of a tensor as its type (F32, F16 or BF16), rounded to nearest, ties to even. A large tensor may come in
    /// several parts.</summary>
    /// <exception cref="KalmException">A finite number is too large for F16.</exception>
    public static void WriteSingles(TensorEntry entry, Stream stream, ReadOnlySpan<float> values)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(stream);
        var itemSize = entry.Type.ItemSize();
        var buffer = ArrayPool<byte>.Shared.Rent(ElementsPerChunk * itemSize);
        try
        {
            while (!values.IsEmpty)
            {
                var count = Math.Min(values.Length, ElementsPerChunk);
                var bytes = buffer.AsSpan(0, count * itemSize);
                TensorNumbers.FromSingles(entry.Name, entry.Type, values[..count], bytes);
                stream.Write(bytes);
                values = values[count..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private byte[] Header(IReadOnlyList<TensorEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonOptions))
        {
            json.WriteStartObject();
            json.WriteStartObject(SafetensorsHeader.MetadataName);
            foreach (var (key, value) in _metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Type.SafetensorsName());
                json.WriteStartArray("shape");
                foreach (var size in entry.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Begin);
                json.WriteNumberValue(entry.End);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padding = (Alignment - (buffer.WrittenCount % Alignment)) % Alignment;
        buffer.GetSpan(Alignment)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }
}
