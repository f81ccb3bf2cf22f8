using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>Which files of a repository make the model, chosen among those there are as the transformers library chooses.</summary>
/// <param name="Files">What is needed, the weights last.</param>
/// <param name="Index">One of <paramref name="Files"/> that names the shards, which are needed too; or null.</param>
/// <param name="Gguf">The GGUF file to open, or null.</param>
internal sealed record HubNeed(IReadOnlyList<string> Files, string? Index = null, string? Gguf = null)
{
    private const string AdapterConfig = "adapter_config.json";
    private const int MostIndexBytes = 64 << 20;

    private static readonly string[] Beside =
    [
        "config.json", "generation_config.json", "kalm.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "chat_template.jinja", "chat_template.json",
    ];

    private static readonly string[] BesideEndings = [".model", ".tiktoken"];
    private static readonly string[] Terms = ["LICENSE", "LICENCE", "NOTICE", "USE_POLICY"];
    private static readonly string[] AdapterWeights = ["adapter_model.safetensors", "adapter_model.bin"];

    // In the order of preference; an index stands for its shards.
    private static readonly string[] Weights =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>Chooses.</summary>
    /// <exception cref="HubFailure">No model is among the files, or the named file is not; the message lists what is.</exception>
    public static HubNeed For(HubModelId id, IReadOnlyList<HubFile> files)
    {
        if (id.File is not null)
            return HubGguf.Named(id, files);
        var names = files.Select(file => file.Name).ToHashSet();
        if (Adapter(names, "") is { } adapter)
            return new HubNeed([.. BesideOf(names, ""), .. adapter]);
        if (Weights.FirstOrDefault(names.Contains) is { } weights)
            return new HubNeed(
                [.. BesideOf(names, ""), weights], weights.EndsWith(".index.json", StringComparison.Ordinal) ? weights : null);
        var folders = names.Where(name => name.EndsWith("/" + AdapterConfig, StringComparison.Ordinal))
            .Select(name => name[..^AdapterConfig.Length]).Where(folder => folder.Count(letter => letter == '/') == 1)
            .Order(StringComparer.Ordinal).ToList();
        if (folders.Count > 0)
            return new HubNeed([.. BesideOf(names, ""),
                .. folders.SelectMany(folder => BesideOf(names, folder).Concat(Adapter(names, folder) ?? [folder + AdapterConfig]))]);
        return HubGguf.Only(id, files) ?? throw new HubFailure(
            $"{id}: no weights that are read; expected {Weights[0]}, {Weights[1]}, {AdapterWeights[0]} or a .gguf file{Found(files)}");
    }

    /// <summary>The shards that an index names, with the folder it lies in.</summary>
    /// <param name="path">The index on disk.</param>
    /// <param name="name">Its name in the repository.</param>
    /// <exception cref="HubFailure">It is no index.</exception>
    public static IReadOnlyList<string> Shards(string path, string name)
    {
        HubFailure Fault(string fault, Exception? inner = null) =>
            new($"{path}: {fault}; expected a weight_map of tensors and files", inner);
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > MostIndexBytes)
                throw Fault($"more than {HubFile.Show(MostIndexBytes)}");
            using var document = JsonDocument.Parse(stream);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
                throw Fault("no weight_map");
            var folder = name[..(name.LastIndexOf('/') + 1)];
            var shards = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var tensor in map.EnumerateObject())
                shards.Add(tensor.Value.ValueKind == JsonValueKind.String && tensor.Value.GetString() is { } file
                    && HubModelIdText.IsSafeFile(file)
                    ? folder + file : throw Fault($"{FileFault.Quote(tensor.Name)} lies in no file"));
            return shards.Count > 0 ? [.. shards] : throw Fault("an empty weight_map");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Fault("not valid JSON", error);
        }
    }

    private static List<string>? Adapter(HashSet<string> names, string folder) =>
        names.Contains(folder + AdapterConfig) && AdapterWeights.FirstOrDefault(name => names.Contains(folder + name)) is { } weights
            ? [folder + AdapterConfig, folder + weights] : null;

    private static IEnumerable<string> BesideOf(HashSet<string> names, string folder) => names
        .Where(name => name.StartsWith(folder, StringComparison.Ordinal) && IsBeside(name[folder.Length..])).Order(StringComparer.Ordinal);

    private static bool IsBeside(string name) => name.Contains('/', StringComparison.Ordinal)
        ? name.StartsWith("additional_chat_templates/", StringComparison.Ordinal) && name.EndsWith(".jinja", StringComparison.Ordinal)
        : Beside.Contains(name) || BesideEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
            || Terms.Any(word => name.StartsWith(word, StringComparison.OrdinalIgnoreCase));

    private static string Found(IReadOnlyList<HubFile> files)
    {
        var weights = files.Where(file =>
            Path.GetExtension(file.Name) is ".safetensors" or ".bin" or ".pt" or ".pth" or ".h5" or ".onnx" or ".msgpack")
            .Select(file => file.Name).Order(StringComparer.Ordinal).Take(3).ToList();
        return weights.Count == 0 ? $"\nfound {files.Count} files, none of them weights"
            : $"\nfound {string.Join(", ", weights.Select(FileFault.Quote))}, which are of another kind or library";
    }
}
