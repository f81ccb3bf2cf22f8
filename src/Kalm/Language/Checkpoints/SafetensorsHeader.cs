using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Kalm.Files;

namespace Kalm.Language.Checkpoints;

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
            throw new KalmException($"{path}: the header is not valid JSON: {error.Message}", error);
        }
        SafetensorsLayout.Check(parser._tensors.Values, dataLength, path);
        return (parser._tensors, parser._metadata);
    }

    private void ReadAll()
    {
        _json.Read();
        while (NextKey("the header") is { } name)
        {
            if (name == MetadataName)
                ReadMetadata();
            else
                ReadTensor(name);
        }
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
        while (NextKey(MetadataName) is { } key)
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
                throw new KalmException($"{_path}: {MetadataName}: {FileFault.Quote(key)}: found {Found()}, expected a string");
            if (!_metadata.TryAdd(key, Text($"{MetadataName}: {FileFault.Quote(key)}")))
                throw new KalmException($"{_path}: {MetadataName}: the key {FileFault.Quote(key)} occurs twice");
            RequireRoom();
        }
    }

    private void ReadTensor(string name)
    {
        if (_tensors.ContainsKey(name))
            throw Fault(name, "occurs twice in the header");
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw Fault(name, $"found {Found()}, expected an object with dtype, shape and data_offsets");

        TensorType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (NextKey($"tensor {FileFault.Quote(name)}") is { } key)
        {
            _json.Read();
            switch (key)
            {
                case "dtype" when type is null:
                    type = ReadType(name);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(name, key, MostDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(name, key, 2);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Fault(name, $"the key {key} occurs twice");
                default:
                    throw Fault(name, $"found the key {FileFault.Quote(key)}, expected dtype, shape and data_offsets");
            }
        }

        if (type is null || shape is null || offsets is null)
            throw Fault(name, $"has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (offsets.Length != 2)
            throw Fault(name, $"data_offsets: found {offsets.Length} numbers, expected 2");
        _tensors.Add(name, new TensorEntry(name, type.Value, shape, offsets[0], offsets[1]));
        RequireRoom();
    }

    private TensorType ReadType(string name)
    {
        if (_json.TokenType != JsonTokenType.String)
            throw Fault(name, $"dtype: found {Found()}, expected a string");
        var found = Text("dtype");
        return TensorTypes.FromSafetensorsName(found)
            ?? throw Fault(name, $"dtype: found {FileFault.Quote(found)}, expected one of "
                + string.Join(", ", Enum.GetValues<TensorType>().Select(type => type.SafetensorsName())));
    }

    private long[] ReadNumbers(string name, string key, int most)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
            throw Fault(name, $"{key}: found {Found()}, expected a list of whole numbers");
        Span<long> numbers = stackalloc long[MostDimensions];
        var count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (count == most)
                throw Fault(name, $"{key}: found more than {most} numbers, expected at most {most}");
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var number) || _json.ValueSpan[0] == (byte)'-')
                throw Fault(name, $"{key}: found {Found()}, expected a whole number from 0 to 2^63 - 1");
            numbers[count++] = number;
        }
        return numbers[..count].ToArray();
    }

    private string? NextKey(string where) =>
        _json.Read() && _json.TokenType == JsonTokenType.PropertyName ? Text(where) : null;

    private string Text(string where)
    {
        _textBytes += _json.ValueSpan.Length;
        if (_textBytes > MostTextBytes)
            throw new KalmException($"{_path}: the names and texts of the header take more than {MostTextBytes >> 20} MB");
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            // An escaped half of a surrogate pair passes as JSON but is no text.
            throw new KalmException($"{_path}: {where}: found a text that is not valid Unicode", error);
        }
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
