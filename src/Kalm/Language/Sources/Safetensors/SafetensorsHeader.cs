using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>The JSON header of a safetensors file, read token by token so that a hostile one costs no more memory than its own size.
/// Format: https://github.com/huggingface/safetensors#format.</summary>
internal ref struct SafetensorsHeader
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const long LongestHeader = 100_000_000;

    /// <summary>The name under which the header keeps free text rather than a tensor.</summary>
    public const string MetadataName = "__metadata__";

    /// <summary>The most tensors and texts that are read: far beyond any model, and low enough that tens of megabytes hold what a header
    /// of the longest size can declare.</summary>
    public const int MostEntries = 150_000;

    private const int MostTextBytes = 10 << 20;
    private const int MostDimensions = 32;
    private static readonly (TensorType Type, string Name)[] TypeNames =
        [.. Enum.GetValues<TensorType>().Select(type => (type, type.SafetensorsName()))];

    private readonly string _path;
    private readonly Dictionary<string, TensorEntry> _tensors = [];
    private readonly Dictionary<string, string> _metadata = [];
    private Utf8JsonReader _json;
    private int _textBytes;
    private bool _metadataSeen;

    private SafetensorsHeader(ReadOnlySpan<byte> header, string path)
    {
        _json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        _path = path;
    }

    /// <summary>Reads and checks the header.</summary>
    /// <param name="header">The bytes of the header, without the length before it.</param>
    /// <param name="dataLength">How many bytes follow the header in the file.</param>
    /// <param name="path">The file, for messages.</param>
    public static (Dictionary<string, TensorEntry> Tensors, Dictionary<string, string> Metadata) Parse(
        ReadOnlySpan<byte> header, long dataLength, string path)
    {
        if (header.IsEmpty || header[0] != (byte)'{')
            throw new KalmException($"{path}: the header does not begin with '{{'; expected a safetensors file");
        if (!Utf8.IsValid(header))
            throw new KalmException($"{path}: the header is not valid UTF-8");
        var parser = new SafetensorsHeader(header, path);
        try
        {
            parser.ReadAll();
        }
        catch (JsonException error)
        {
            throw JsonFields.NotValid($"{path}: header", error);
        }
        catch (InvalidOperationException error)
        {
            // An escaped half of a surrogate pair passes as JSON but is no text.
            throw new KalmException($"{path}: the header holds a text that is not valid Unicode", error);
        }
        SafetensorsLayout.Check(parser._tensors.Values, dataLength, path);
        return (parser._tensors, parser._metadata);
    }

    private void ReadAll()
    {
        _json.Read();
        while (NextKey())
            if (_json.ValueTextEquals(MetadataName))
                ReadMetadata();
            else
                ReadTensor(Text());
        // Throws when anything but white space follows.
        _json.Read();
    }

    private void ReadMetadata()
    {
        if (_metadataSeen)
            throw new KalmException($"{_path}: the key {MetadataName} occurs twice in the header");
        _metadataSeen = true;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw new KalmException($"{_path}: {MetadataName}: found {Found()}, expected an object of strings");
        while (NextKey())
        {
            var key = Text();
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
                throw new KalmException($"{_path}: {MetadataName}: {FileFault.Quote(key)}: found {Found()}, expected a string");
            if (!_metadata.TryAdd(key, Text()))
                throw new KalmException($"{_path}: {MetadataName}: the key {FileFault.Quote(key)} occurs twice");
            RequireRoom();
        }
    }

    // Only what is kept is allocated: a header may be all tensors of no size.
    private void ReadTensor(string name)
    {
        if (_tensors.ContainsKey(name))
            throw Fault(name, "occurs twice in the header");
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw Fault(name, $"found {Found()}, expected an object with dtype, shape and data_offsets");

        TensorType? type = null;
        long[]? shape = null;
        Span<long> numbers = stackalloc long[MostDimensions];
        Span<long> offsets = stackalloc long[2];
        var offsetCount = -1;
        while (NextKey())
        {
            if (_json.ValueTextEquals("dtype"u8))
            {
                RequireFirst(name, "dtype", type is null);
                type = ReadType(name);
            }
            else if (_json.ValueTextEquals("shape"u8))
            {
                RequireFirst(name, "shape", shape is null);
                shape = numbers[..ReadNumbers(name, "shape", numbers)].ToArray();
            }
            else if (_json.ValueTextEquals("data_offsets"u8))
            {
                RequireFirst(name, "data_offsets", offsetCount < 0);
                offsetCount = ReadNumbers(name, "data_offsets", offsets);
            }
            else
                throw Fault(name, $"found the key {FileFault.Quote(Text())}, expected dtype, shape and data_offsets");
        }

        if (type is null || shape is null || offsetCount < 0)
            throw Fault(name, $"has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (offsetCount != 2)
            throw Fault(name, $"data_offsets: found {offsetCount} numbers, expected 2");
        _tensors.Add(name, new TensorEntry(name, type.Value, shape, offsets[0], offsets[1]));
        RequireRoom();
    }

    private readonly void RequireFirst(string name, string key, bool isFirst)
    {
        if (!isFirst)
            throw Fault(name, $"the key {key} occurs twice");
    }

    private TensorType ReadType(string name)
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.String)
            throw Fault(name, $"dtype: found {Found()}, expected a string");
        foreach (var (type, typeName) in TypeNames)
            if (_json.ValueTextEquals(typeName))
                return type;
        throw Fault(
            name, $"dtype: found {FileFault.Quote(Text())}, expected one of {string.Join(", ", TypeNames.Select(type => type.Name))}");
    }

    private int ReadNumbers(string name, string key, scoped Span<long> numbers)
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartArray)
            throw Fault(name, $"{key}: found {Found()}, expected a list of whole numbers");
        var count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (count == numbers.Length)
                throw Fault(name, $"{key}: found more than {count} numbers, expected at most {count}");
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var number) || _json.ValueSpan[0] == (byte)'-')
                throw Fault(name, $"{key}: found {Found()}, expected a whole number from 0 to 2^63 - 1");
            numbers[count++] = number;
        }
        return count;
    }

    private bool NextKey() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName;

    private string Text()
    {
        _textBytes += _json.ValueSpan.Length;
        if (_textBytes > MostTextBytes)
            throw new KalmException($"{_path}: the names and texts of the header take more than {MostTextBytes >> 20} MB");
        return _json.GetString()!;
    }

    /// <summary>What stands at the reader's place, for messages.</summary>
    public static string Found(in Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => Encoding.UTF8.GetString(json.ValueSpan[..Math.Min(json.ValueSpan.Length, 30)]),
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    private readonly string Found() => Found(_json);

    private readonly void RequireRoom()
    {
        if (_tensors.Count + _metadata.Count > MostEntries)
            throw new KalmException($"{_path}: the header declares more than {MostEntries} tensors and texts");
    }

    private readonly KalmException Fault(string name, string fault) => SafetensorsLayout.Fault(_path, name, fault);
}
