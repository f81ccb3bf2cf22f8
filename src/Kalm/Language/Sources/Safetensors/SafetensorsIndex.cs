using System.Text.Json;
using System.Text.Unicode;
using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>The <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c> of a checkpoint in shards, read token by token
/// like <see cref="SafetensorsHeader"/>: which tensor lies in which file of the same folder.</summary>
internal ref struct SafetensorsIndex
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "model.safetensors.index.json";

    private const string MapName = "weight_map";
    private const int LongestFileName = 255;

    // Room for as many tensors as the headers may declare, each with a file name.
    private const int MostBytes = 32 << 20;

    private readonly string _path;
    private readonly string _shardEnding;
    private readonly Dictionary<string, string> _files = [];
    private readonly HashSet<string> _fileNames = [];
    private Utf8JsonReader _json;
    private int _textBytes;
    private bool _mapSeen;

    private SafetensorsIndex(ReadOnlySpan<byte> content, string path, string shardEnding)
    {
        _json = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = 8 });
        (_path, _shardEnding) = (path, shardEnding);
    }

    /// <summary>Reads and checks the index.</summary>
    /// <param name="path">The index.</param>
    /// <param name="shardEnding">How the names of the shards have to end.</param>
    /// <returns>For each tensor the name of its file, which is a plain name without a path.</returns>
    /// <exception cref="KalmException">The file is missing or not sound; the message names file, tensor and fault.</exception>
    public static Dictionary<string, string> Read(string path, string shardEnding = ".safetensors")
    {
        var content = JsonFields.ReadBounded(path, MostBytes);
        if (!Utf8.IsValid(content))
            throw new KalmException($"{path}: not valid UTF-8");
        var index = new SafetensorsIndex(content, path, shardEnding);
        try
        {
            index.ReadAll();
        }
        catch (JsonException error)
        {
            throw JsonFields.NotValid(path, error);
        }
        return index._files.Count > 0 ? index._files : throw new KalmException(
            $"{path}: {MapName}: found {(index._mapSeen ? "no tensor" : "nothing")}, expected an object of tensor names and file names");
    }

    /// <summary>Checks that the shards hold the tensors that the index names, each where it says.</summary>
    /// <param name="path">The index, for messages.</param>
    /// <param name="index">What it says.</param>
    /// <param name="placeOf">The name of the shard in which a tensor was found; null when it is in none.</param>
    /// <param name="found">The tensors that were found.</param>
    public static void Check(string path, Dictionary<string, string> index, Func<string, string?> placeOf, IEnumerable<string> found)
    {
        foreach (var (tensor, file) in index)
            if (placeOf(tensor) is not { } place)
                throw SafetensorsLayout.Fault(path, tensor, $"is in none of the shards; expected it in {file}");
            else if (place != file)
                throw SafetensorsLayout.Fault(path, tensor, $"found in {place}, expected it in {file}");
        foreach (var tensor in found)
            if (!index.ContainsKey(tensor))
                throw SafetensorsLayout.Fault(
                    path, tensor, $"is in {placeOf(tensor)} but not named here; expected every tensor of the shards");
    }

    private void ReadAll()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw new KalmException($"{_path}: found {SafetensorsHeader.Found(_json)}, expected a JSON object");
        while (NextKey() is { } key)
            if (key == MapName)
                ReadMap();
            else
                // The metadata, which says nothing that the shards do not say themselves.
                _json.Skip();
        // Throws when anything but white space follows.
        _json.Read();
    }

    private void ReadMap()
    {
        if (_mapSeen)
            throw new KalmException($"{_path}: the key {MapName} occurs twice");
        _mapSeen = true;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            throw new KalmException(
                $"{_path}: {MapName}: found {SafetensorsHeader.Found(_json)}, expected an object of tensor names and file names");
        while (NextKey() is { } tensor)
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
                throw SafetensorsLayout.Fault(_path, tensor, $"found {SafetensorsHeader.Found(_json)}, expected the name of a file");
            if (!_files.TryAdd(tensor, FileNameOf(tensor)))
                throw SafetensorsLayout.Fault(_path, tensor, "occurs twice");
            if (_files.Count > SafetensorsHeader.MostEntries)
                throw new KalmException($"{_path}: names more than {SafetensorsHeader.MostEntries} tensors");
        }
    }

    // The few files are named over and over: each name is kept once.
    private string FileNameOf(string tensor)
    {
        var name = Text();
        if (_fileNames.TryGetValue(name, out var known))
            return known;
        if (!IsPlainName(name))
            throw SafetensorsLayout.Fault(_path, tensor,
                $"found the file {FileFault.Quote(name)}, expected the name of a {_shardEnding} file in the same folder, without a path");
        _fileNames.Add(name);
        return name;
    }

    // The colon makes a drive or a stream of Windows.
    private readonly bool IsPlainName(string name) => name.Length <= LongestFileName
        && name.EndsWith(_shardEnding, StringComparison.Ordinal)
        && name.AsSpan().IndexOfAny('/', '\\', ':') < 0 && !name.Any(char.IsControl);

    private string? NextKey() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName ? Text() : null;

    private string Text()
    {
        _textBytes += _json.ValueSpan.Length;
        if (_textBytes > MostBytes / 2)
            throw new KalmException($"{_path}: its names take more than {MostBytes >> 21} MB");
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            // An escaped half of a surrogate pair passes as JSON but is no text.
            throw new KalmException($"{_path}: holds a text that is not valid Unicode", error);
        }
    }
}
