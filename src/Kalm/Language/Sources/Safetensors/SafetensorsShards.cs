namespace Kalm.Language.Sources.Safetensors;

/// <summary>The weights of a model folder, open for reading: <c>model.safetensors</c>, or the shards that
/// <c>model.safetensors.index.json</c> names. Where both are there the single file is taken, as the transformers library does.</summary>
public sealed class SafetensorsShards : ITensorStore
{
    /// <summary>The file that holds the weights when they are not in shards.</summary>
    public const string SingleName = "model.safetensors";

    private readonly Dictionary<string, SafetensorsFile> _places = [];
    private readonly List<SafetensorsFile> _files = [];

    private SafetensorsShards(string path) => Path = path;

    /// <summary>The single file, or the index, for messages.</summary>
    public string Path { get; }

    /// <summary>The files in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    IReadOnlyList<string> ITensorStore.Files => [.. _files.Select(file => file.Path)];

    IEnumerable<StoredTensor> ITensorStore.Tensors => Tensors.Select(entry => entry.Stored);

    /// <summary>Every tensor of every file.</summary>
    public IEnumerable<TensorEntry> Tensors => _files.SelectMany(file => file.Tensors.Values);

    /// <summary>Opens the weights of a folder; of each file the header is read and checked, and that every tensor lies in one shard, the
    /// one that the index names.</summary>
    /// <exception cref="KalmException">There are no weights, a file is missing or not sound, or index and shards disagree.</exception>
    public static SafetensorsShards Open(string folder)
    {
        var single = System.IO.Path.Combine(folder, SingleName);
        var index = System.IO.Path.Combine(folder, SafetensorsIndex.FileName);
        var isSingle = File.Exists(single);
        if (!isSingle && !File.Exists(index))
            throw new KalmException(
                $"{single}: no such file{ForeignWeights.Found(folder)}\nexpected {SingleName}, or shards and {SafetensorsIndex.FileName}");
        var shards = new SafetensorsShards(isSingle ? single : index);
        try
        {
            if (isSingle)
                shards.Add(SafetensorsFile.Open(single));
            else
                shards.AddAll(folder, SafetensorsIndex.Read(index));
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <summary>Whether a folder holds such weights.</summary>
    public static bool AreIn(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, SingleName)) || File.Exists(System.IO.Path.Combine(folder, SafetensorsIndex.FileName));

    /// <summary>Whether a folder holds an index beside the single file, which is taken.</summary>
    public static bool HasBoth(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, SingleName)) && File.Exists(System.IO.Path.Combine(folder, SafetensorsIndex.FileName));

    /// <summary>The tensor called <paramref name="name"/>, or null.</summary>
    public TensorEntry? TryFind(string name) => _places.TryGetValue(name, out var file) ? file.Find(name) : null;

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="KalmException">No file has such a tensor.</exception>
    public TensorEntry Find(string name) => FileOf(name).Find(name);

    /// <summary>The file that holds the tensor called <paramref name="name"/>.</summary>
    /// <exception cref="KalmException">No file has such a tensor.</exception>
    public SafetensorsFile FileOf(string name) => _places.TryGetValue(name, out var file)
        ? file
        : throw SafetensorsLayout.Fault(Path, name, $"not found among the {_places.Count} tensors");

    StoredTensor? ITensorStore.TryFind(string name) => TryFind(name)?.Stored;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) => FileOf(name).ReadSingles(name, offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => FileOf(name).Release(name, offset, count);

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var name in file.Tensors.Keys)
            if (!_places.TryAdd(name, file))
                throw SafetensorsLayout.Fault(Path, name,
                    $"is in two shards, {NameOf(_places[name])} and {NameOf(file)}; expected one");
    }

    private void AddAll(string folder, Dictionary<string, string> index)
    {
        foreach (var name in index.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path))
                throw new KalmException(
                    $"{Path}: names the shard {name}, which is not in the folder; expected all {index.Values.Distinct().Count()} shards");
            Add(SafetensorsFile.Open(path));
        }
        SafetensorsIndex.Check(Path, index, tensor => _places.TryGetValue(tensor, out var file) ? NameOf(file) : null, _places.Keys);
    }

    private static string NameOf(SafetensorsFile file) => System.IO.Path.GetFileName(file.Path);
}
