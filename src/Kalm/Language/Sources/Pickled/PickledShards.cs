using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>The pickled weights of a model folder, open for reading: <c>pytorch_model.bin</c>, or the shards that
/// <c>pytorch_model.bin.index.json</c> names. Where both are there the single file is taken, as the transformers library does.</summary>
public sealed class PickledShards : ITensorStore
{
    /// <summary>The file that holds the weights when they are not in shards.</summary>
    public const string SingleName = "pytorch_model.bin";

    /// <summary>The file that says which shard holds which tensor.</summary>
    public const string IndexName = SingleName + ".index.json";

    private const string ShardEnding = ".bin";
    private readonly Dictionary<string, PickledFile> places = [];
    private readonly List<PickledFile> files = [];
    private readonly List<string> warnings = [];

    private PickledShards(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [.. files.Select(file => file.Path)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [.. warnings, .. files.SelectMany(file => file.Warnings)];

    /// <inheritdoc/>
    public IEnumerable<StoredTensor> Tensors => files.SelectMany(file => file.Tensors);

    /// <summary>Whether <paramref name="folder"/> holds such weights.</summary>
    public static bool AreIn(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, SingleName)) || File.Exists(System.IO.Path.Combine(folder, IndexName));

    /// <summary>Opens the weights of a folder; of each file the pickle is read and checked, and that every tensor lies in one shard, the
    /// one that the index names.</summary>
    /// <exception cref="KalmException">There are no weights, a file is missing or not sound, or index and shards disagree.</exception>
    public static PickledShards Open(string folder)
    {
        var (single, index) = (System.IO.Path.Combine(folder, SingleName), System.IO.Path.Combine(folder, IndexName));
        var isSingle = File.Exists(single);
        var shards = new PickledShards(isSingle ? single : index);
        try
        {
            if (!isSingle)
                shards.AddAll(folder, SafetensorsIndex.Read(index, ShardEnding));
            else
            {
                shards.Add(PickledFile.Open(single));
                if (File.Exists(index))
                    shards.warnings.Add($"{index}: ignored, because {SingleName} is there too");
            }
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public StoredTensor? TryFind(string name) => places.TryGetValue(name, out var file) ? file.TryFind(name) : null;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) => FileOf(name).ReadSingles(name, offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => FileOf(name).Release(name, offset, count);

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
    }

    private PickledFile FileOf(string name) => places.TryGetValue(name, out var file) ? file
        : throw SafetensorsLayout.Fault(Path, name, $"not found among the {places.Count} tensors");

    private void AddAll(string folder, Dictionary<string, string> index)
    {
        foreach (var name in index.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path))
                throw new KalmException(
                    $"{Path}: names the shard {name}, which is not in the folder; expected all {index.Values.Distinct().Count()} shards");
            Add(PickledFile.Open(path));
        }
        SafetensorsIndex.Check(Path, index, tensor => places.TryGetValue(tensor, out var file) ? NameOf(file) : null, places.Keys);
    }

    private void Add(PickledFile file)
    {
        files.Add(file);
        foreach (var tensor in file.Tensors)
            if (!places.TryAdd(tensor.Name, file))
                throw SafetensorsLayout.Fault(Path, tensor.Name,
                    $"is in two shards, {NameOf(places[tensor.Name])} and {NameOf(file)}; expected one");
    }

    private static string NameOf(PickledFile file) => System.IO.Path.GetFileName(file.Path);
}
