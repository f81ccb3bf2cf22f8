using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Chat;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Pickled;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources;

/// <summary>A Hugging Face model folder open for reading: its configuration, and its weights checked against it.</summary>
public sealed class FolderSource : IModelSource
{
    private const int NamesInWarning = 5;
    // Old checkpoints hold what is computed from the config.
    private static readonly string[] Computed = ["rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias"];

    private readonly ITensorStore store;
    private readonly Dictionary<string, string> storedNames = [];
    private NamePrefix prefix = null!;

    private FolderSource(string folder, ITensorStore store) => (Place, Given, this.store) = (folder, folder, store);

    /// <inheritdoc/>
    public string Given { get; init; }

    /// <inheritdoc/>
    public string Place { get; }

    /// <inheritdoc/>
    public string Reference { get => field ?? Path.GetFullPath(Place); init; }

    /// <inheritdoc/>
    public ModelConfig Config { get; private set; } = null!;

    /// <inheritdoc/>
    public GenerationDefaults Generation { get; private set; } = null!;

    /// <inheritdoc/>
    public AdapterFolder? Adapter => null;

    /// <inheritdoc/>
    public IModelSource Base => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => store.Files;

    /// <summary>Opens the model folder <paramref name="folder"/>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="given">How the user named it; the folder when null.</param>
    /// <param name="reference">How it is found again; its full path when null.</param>
    /// <exception cref="KalmException">A file is missing or not sound, the model is not supported, or a tensor is missing or has another
    /// shape than the config asks for; the message names the first such tensor.</exception>
    public static FolderSource Open(string folder, string? given = null, string? reference = null)
    {
        if (!Directory.Exists(folder))
            throw new KalmException($"{folder}: no such folder; expected a Hugging Face model folder");
        if (!File.Exists(Path.Combine(folder, ModelConfig.FileName)))
            throw new KalmException(
                $"{Path.Combine(folder, ModelConfig.FileName)}: no such file{ForeignWeights.Found(folder)}\nexpected a "
                    + "Hugging Face model folder");
        var config = ModelConfig.Load(folder);
        var source = new FolderSource(
            folder, OpenWeights(folder)) { Given = given ?? folder, Reference = reference ?? Path.GetFullPath(folder) };
        try
        {
            source.Bind(config);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public StoredTensor? TryFind(string name) =>
        storedNames.TryGetValue(name, out var stored) && store.TryFind(stored) is { } found ? found with { Name = name } : null;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) => store.ReadSingles(storedNames[name], offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => store.Release(storedNames[name], offset, count);

    /// <inheritdoc/>
    public Tokenizer ReadTokenizer() => Tokenizer.Load(Place, [.. Generation.EndTokenIds, .. Config.EndTokenIds]);

    /// <inheritdoc/>
    public ChatTemplate? ReadChatTemplate() => ChatTemplate.Load(Place);

    /// <inheritdoc/>
    public JsonObject? ReadConfig() => JsonNode.Parse(File.ReadAllText(Path.Combine(Place, ModelConfig.FileName)))!.AsObject();

    /// <inheritdoc/>
    public void WriteCompanions(string folder) => CompanionFiles.Copy(Place, folder);

    /// <summary>Closes the weights.</summary>
    public void Dispose() => store.Dispose();

    // Where both kinds are there the safetensors are taken, as the transformers library does.
    private static ITensorStore OpenWeights(string folder) =>
        !SafetensorsShards.AreIn(folder) && PickledShards.AreIn(folder) ? PickledShards.Open(folder) : SafetensorsShards.Open(folder);

    private void Bind(ModelConfig config)
    {
        prefix = config.NamePrefixes.FirstOrDefault(prefix => store.TryFind(
            config.CheckpointName(TensorNames.Embedding, prefix)) is not null) ?? config.NamePrefixes[0];
        var warnings = store.Warnings.ToList();
        if (SafetensorsShards.HasBoth(Place))
            warnings.Add($"{Path.Combine(Place, SafetensorsIndex.FileName)}: ignored, because {SafetensorsShards.SingleName} is there too");
        Config = Tied(config, warnings);
        foreach (var (name, shape) in Config.TensorShapes())
            storedNames.Add(name, Checked(name, StoredName(Config, name), shape));
        Generation = GenerationDefaults.Read(Place, Config);
        Warnings = [.. warnings, .. Unused(), .. Generation.Warnings];
    }

    // Whether the head is the embedding is decided by what is stored, as the transformers library does from version 5 on: a head beside the
    // embedding of a tied model counts where it differs, and where an untied model has none the embedding takes its place.
    private ModelConfig Tied(ModelConfig config, List<string> warnings)
    {
        var headName = StoredName(config, TensorNames.Head);
        var (head, embedding) = (store.TryFind(headName), store.TryFind(StoredName(config, TensorNames.Embedding)));
        if (!config.TieWordEmbeddings && head is null && embedding is not null)
        {
            warnings.Add($"{store.Path}: has no {headName}, as models for embeddings alone; the embedding takes its place, "
                + "and what is written "
                + "has no sense");
            return config with { TieWordEmbeddings = true };
        }
        if (!config.TieWordEmbeddings || head is null || embedding is null
            || !head.Shape.SequenceEqual(embedding.Shape) || store.AreEqual(head, embedding))
            return config;
        warnings.Add($"{store.Path}: {head.Name} differs from the embedding, though {ModelConfig.FileName} ties them; both are "
            + "taken as they are stored");
        return config with { TieWordEmbeddings = false };
    }

    // The head often stands outside of the wrapper that the body is in.
    private string StoredName(ModelConfig config, string name) =>
        config.CheckpointName(name, prefix) is var spelled && name == TensorNames.Head && store.TryFind(spelled) is null
            ? config.CheckpointName(name) : spelled;

    private string Checked(string name, string stored, long[] shape)
    {
        var expected = TensorEntry.Describe(shape);
        if (store.TryFind(stored) is not { } found)
        {
            var some = store.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).FirstOrDefault();
            throw SafetensorsLayout.Fault(store.Path, stored, $"missing; {ModelConfig.FileName} asks for it with the shape {expected}"
                + (storedNames.Count == 0 && some is not null
                    ? $"; the file holds {FileFault.Quote(some)} and {store.Tensors.Count() - 1} others" : ""));
        }
        if (!found.Shape.SequenceEqual(shape))
            throw SafetensorsLayout.Fault(store.Path, stored,
                $"found the shape {TensorEntry.Describe(found.Shape)}, expected {expected} by {ModelConfig.FileName}");
        return found.IsFloatingPoint ? stored : throw SafetensorsLayout.Fault(store.Path, stored,
            $"found the type {found.Type}, expected F64, F32, F16 or BF16");
    }

    private IEnumerable<string> Unused()
    {
        var used = storedNames.Values.ToHashSet();
        // A tied model's head is its embedding, stored twice.
        if (Config.TieWordEmbeddings && store.TryFind(StoredName(Config, TensorNames.Head)) is { } head
            && head.Shape.SequenceEqual([Config.VocabularySize, Config.HiddenSize]))
            used.Add(head.Name);
        var unused = store.Tensors.Select(tensor => tensor.Name)
            .Where(name => !used.Contains(name) && !Computed.Any(end => name.EndsWith(end, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal).ToList();
        if (unused.Count > 0)
            yield return $"{store.Path}: {unused.Count} {(unused.Count == 1 ? "tensor is" : "tensors are")} not part of the "
                + "model and ignored: "
                + string.Join(", ", unused.Take(NamesInWarning).Select(FileFault.Quote)) + (unused.Count > NamesInWarning ? ", ..." : "");
    }
}
