using System.Buffers.Binary;
using System.Numerics;
using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>What stands before the data of a GGUF file: keys with their values, and the tensors. Nothing is reserved for what the file
/// only
/// announces, so a hostile one costs no more than a few times its own size.
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.</summary>
internal sealed record GgufHeader(GgufMetadata Metadata, IReadOnlyList<GgufTensor> Tensors, long DataStart)
{
    /// <summary>Where data and tensors begin when no key says otherwise, in bytes.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>The key that says otherwise.</summary>
    public const string AlignmentKey = "general.alignment";

    private const int MostDimensions = 4;

    // A tensor's entry is at least: length of the name, count of dimensions, type, offset.
    private const int LeastTensorBytes = 8 + 4 + 4 + 8;
    private const int LeastKeyBytes = 8 + 4 + 1;

    // Far beyond any model.
    private const int MostTensors = 150_000;
    private const int MostKeys = 100_000;

    /// <summary>Reads and checks the header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="start">The beginning of the file, which is all of it up to 2 GiB.</param>
    /// <param name="fileLength">The length of the whole file.</param>
    /// <exception cref="KalmException">The header is not sound; the message names file, key or tensor, what was found and what was
    /// expected.</exception>
    public static GgufHeader Read(string path, ReadOnlySpan<byte> start, long fileLength)
    {
        RequireFormat(path, start);
        var reader = new GgufReader(path, start, 4);
        var version = reader.Unsigned32("the version");
        if (BinaryPrimitives.ReverseEndianness(version) is 1 or 2 or 3)
            throw new KalmException($"{path}: found a big-endian GGUF file, expected a little-endian one");
        if (version is not (2 or 3))
            throw new KalmException($"{path}: found GGUF version {version}, expected 2 or 3");
        var tensorCount = Bounded(path, "tensors", reader.Amount("the count of tensors", LeastTensorBytes), MostTensors);
        var keyCount = Bounded(path, "keys", reader.Amount("the count of keys", LeastKeyBytes), MostKeys);
        var metadata = ReadKeys(ref reader, path, keyCount);
        var alignment = Alignment(metadata);
        var tensors = new List<GgufTensor>();
        for (var index = 0L; index < tensorCount; index++)
            tensors.Add(ReadTensor(ref reader, path, alignment));
        var dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        CheckPlaces(path, tensors, fileLength - dataStart);
        return new(metadata, tensors, dataStart);
    }

    private static int Bounded(string path, string what, int count, int most) =>
        count <= most ? count : throw new KalmException($"{path}: found {count} {what}, expected at most {most}");

    private static void RequireFormat(string path, ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("GGUF"u8))
            return;
        if (start.StartsWith("version https://git-lfs"u8))
            throw new KalmException(
                $"{path}: found a Git LFS pointer, which stands for the file; fetch the file itself with 'git lfs pull'");
        if (start.StartsWith("lmgg"u8) || start.StartsWith("tjgg"u8) || start.StartsWith("fmgg"u8) || start.StartsWith("algg"u8))
            throw new KalmException($"{path}: found a GGML file, as llama.cpp had them before GGUF; expected GGUF version 2 or 3");
        throw new KalmException($"{path}: the file does not begin with 'GGUF'; expected a GGUF file");
    }

    private static GgufMetadata ReadKeys(ref GgufReader reader, string path, long count)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var index = 0L; index < count; index++)
        {
            var key = reader.Text($"the name of key {index + 1} of {count}");
            if (!values.TryAdd(key, reader.Value(key)))
                throw new KalmException($"{path}: {FileFault.Plain(key)}: found twice, expected once");
        }
        return new(path, values);
    }

    private static long Alignment(GgufMetadata metadata)
    {
        var alignment = metadata.Count(AlignmentKey) ?? DefaultAlignment;
        return alignment > 0 && BitOperations.IsPow2(alignment) ? alignment : throw metadata.Fault(AlignmentKey, "a power of two");
    }

    private static GgufTensor ReadTensor(ref GgufReader reader, string path, long alignment)
    {
        var name = reader.Text("a tensor's name");
        var place = $"tensor {FileFault.Quote(name)}";
        var dimensions = reader.Unsigned32(place);
        if (dimensions > MostDimensions)
            throw Fault(path, name, $"found {dimensions} dimensions, expected at most {MostDimensions}");
        var shape = new long[dimensions];
        var count = 1L;
        for (var index = shape.Length - 1; index >= 0; index--)
        {
            var size = reader.Unsigned64(place);
            if (size > long.MaxValue || (size > 0 && count > long.MaxValue / (long)size))
                throw Fault(path, name, $"found the dimension {size}, expected fewer numbers than 63 bits can count");
            shape[index] = (long)size;
            count *= shape[index];
        }
        var number = reader.Unsigned32(place);
        if (GgufTensorTypes.Find(number) is not { } type)
            throw Fault(path, name, $"found {GgufTensorTypes.Describe(number)}, expected one of {GgufTensorTypes.Supported}");
        var offset = reader.Unsigned64(place);
        var row = shape.Length == 0 ? 1 : shape[^1];
        if (row % type.BlockSize() != 0)
            throw Fault(path, name, $"found rows of {row} numbers, expected whole blocks of {type.BlockSize()} for {type.FormatName()}");
        if (count / type.BlockSize() > long.MaxValue / type.BlockBytes())
            throw Fault(path, name, $"found {count} numbers, expected fewer bytes than 63 bits can count");
        if (offset > long.MaxValue || (long)offset % alignment != 0)
            throw Fault(path, name, $"found the offset {offset}, expected a multiple of {alignment}");
        return new(name, type, shape, (long)offset, type.ByteCount(count));
    }

    private static void CheckPlaces(string path, List<GgufTensor> tensors, long dataLength)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw Fault(path, tensor.Name, "found twice, expected once");
            if (tensor.ByteCount > 0 && (tensor.Begin > dataLength || tensor.ByteCount > dataLength - tensor.Begin))
                throw Fault(path, tensor.Name, $"found {tensor.ByteCount} bytes from {tensor.Begin} on, "
                    + $"but the file has {Math.Max(0, dataLength)} bytes of data; is it cut short?");
        }
        GgufTensor? before = null;
        foreach (var tensor in tensors.Where(tensor => tensor.ByteCount > 0).OrderBy(tensor => tensor.Begin))
        {
            if (before is not null && tensor.Begin < before.Begin + before.ByteCount)
                throw Fault(path, tensor.Name,
                    $"begins at {tensor.Begin}, within {FileFault.Quote(before.Name)}, which ends at {before.Begin + before.ByteCount}");
            before = tensor;
        }
    }

    /// <summary>The error that names the file and the tensor.</summary>
    public static KalmException Fault(string path, string name, string fault) => new($"{path}: tensor {FileFault.Quote(name)}: {fault}");
}
