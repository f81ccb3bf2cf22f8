using System.Text.RegularExpressions;
using Kalm.Files;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Hub;

namespace Kalm.Language.Sources;

/// <summary>How a model is found.</summary>
public sealed record ModelSourceOptions
{
    /// <summary>The base model of an adapter, in any form; null takes the one that the adapter names.</summary>
    public string? Base { get; init; }

    /// <summary>Where the hub and its cache are; null takes what the environment says.</summary>
    public HubSettings? Hub { get; init; }

    /// <summary>Told of downloads; may be null.</summary>
    public IProgress<ProgressEvent>? Progress { get; init; }

    /// <summary>Ends a download; what has come stays for the next try.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Opens a model by any name: a Hugging Face folder, a GGUF file, a run folder or one of its checkpoints, an adapter folder, or a
/// hub id.</summary>
public static partial class ModelSources
{
    /// <summary>The name of the file that makes a folder a run.</summary>
    public const string RunFile = "run.json";

    private static readonly string[] Results = ["model", "adapter"];

    private const string GgufEnd = ".gguf";

    private const string Expected =
        "a Hugging Face model folder, a .gguf file, a run folder, an adapter folder, or a hub id such as org/name";

    /// <summary>Opens a model.</summary>
    /// <param name="name">As the user named it. What exists as a path is one; anything else of the form <c>org/name</c> is a hub
    /// id.</param>
    /// <param name="options">How; the defaults when null.</param>
    /// <exception cref="KalmException">It is none of these, a file is missing or not sound, or the model is not supported.</exception>
    public static IModelSource Open(string name, ModelSourceOptions? options = null)
    {
        options ??= new ModelSourceOptions();
        Require(name);
        var source = Directory.Exists(name) ? OfFolder(name, name, null, options)
            : File.Exists(name) ? OfFile(name, name, null)
            : OfHub(HubModelId.Parse(name), name, options);
        if (options.Base is null || source.Adapter is not null)
            return source;
        source.Dispose();
        throw new KalmException($"--base {options.Base}: {name} is no adapter, so it has no base; expected --base with an adapter alone");
    }

    /// <summary>Refuses what is neither there nor a hub id, before any long work.</summary>
    /// <exception cref="KalmException">It is neither.</exception>
    public static void Require(string name)
    {
        // The hub still knows a few names of one word, but here such a word is a path misspelt far more often.
        if (!Path.Exists(name) && (HubModelId.FromArgument(name) is not { } id || !id.Repository.Contains('/', StringComparison.Ordinal)))
            throw new KalmException($"{name}: no such folder or file\nexpected {Expected}");
    }

    private static IModelSource OfHub(HubModelId id, string given, ModelSourceOptions options)
    {
        var snapshot = HubModels.Fetch(
            id, options.Hub ?? HubSettings.FromEnvironment(), HubEvents.To(options.Progress), options.Cancellation);
        foreach (var warning in snapshot.Warnings)
            options.Progress?.Report(new ProgressNote(warning));
        return snapshot.GgufFile is { } file ? OfFile(file, given, given) : OfFolder(snapshot.Folder, given, given, options);
    }

    private static string? ResultOf(string run) =>
        Results.Select(result => Path.Combine(run, result)).FirstOrDefault(Directory.Exists);

    private static IModelSource OfFolder(string folder, string given, string? reference, ModelSourceOptions options)
    {
        if (File.Exists(Path.Combine(folder, RunFile)))
            return ResultOf(folder) is { } result ? OfFolder(result, given, reference, options) : throw new KalmException(
                $"{folder}: the run has no result yet; expected its folder model/ or adapter/ (its checkpoints/ can be given instead)");
        if (IsAdapter(folder))
            return OfAdapter(folder, given, options);
        if (File.Exists(Path.Combine(folder, ModelConfig.FileName)))
            return FolderSource.Open(folder, given, reference);
        SeedFolders.RequireNone(folder);
        return Inside(folder, given, reference, options);
    }

    // PEFT writes an adapter of another name than default into a folder of that name.
    private static IModelSource Inside(string folder, string given, string? reference, ModelSourceOptions options)
    {
        var inner = AdapterFolder.Inside(folder);
        if (inner.Count == 1)
            return OfAdapter(inner[0], given, options);
        var files = GgufFilesIn(folder);
        if (inner.Count == 0 && files.Count == 1)
            return OfFile(files[0], given, reference);
        if (files.Count > 1)
            throw new KalmException($"{given}: found {files.Count} models in GGUF: {string.Join(", ", files.Select(Path.GetFileName))}; "
                + "expected one of these files to be given");
        if (inner.Count > 1)
            throw new KalmException($"{given}: found {inner.Count} adapters: {string.Join(", ", inner.Select(Path.GetFileName))}; expected "
                + "one of these folders to be given");
        throw new KalmException($"{given}: not a model: none of {ModelConfig.FileName}, {AdapterConfig.FileName}, {RunFile} is "
            + $"there{ForeignWeights.Found(folder)}"
            + $"\nexpected {Expected}");
    }

    private static bool IsAdapter(string folder) => File.Exists(Path.Combine(folder, AdapterConfig.FileName));

    private static GgufSource OfFile(string file, string given, string? reference)
    {
        if (IsGguf(file))
            return GgufSource.Open(file, given, reference);
        var beside = File.Exists(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, ModelConfig.FileName))
            ? "; give the folder that it lies in" : "";
        throw new KalmException($"{given}: found a file that is no GGUF{beside}; expected {Expected}");
    }

    private static bool IsGguf(string file)
    {
        if (file.EndsWith(GgufEnd, StringComparison.OrdinalIgnoreCase))
            return true;
        using var stream = File.OpenRead(file);
        Span<byte> magic = stackalloc byte[4];
        return stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("GGUF"u8);
    }

    // Of a model in parts the first one; what projects pictures (mmproj) is no language model.
    private static List<string> GgufFilesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*" + GgufEnd)
            .Where(file => !Path.GetFileName(file).StartsWith("mmproj", StringComparison.Ordinal)
            && (!LaterPart().IsMatch(file) || FirstPart().IsMatch(file))).Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"-\d{5}-of-\d{5}\.gguf$")]
    private static partial Regex LaterPart();

    [GeneratedRegex(@"-00001-of-\d{5}\.gguf$")]
    private static partial Regex FirstPart();

    private static AdaptedSource OfAdapter(string folder, string given, ModelSourceOptions options)
    {
        var model = BaseOf(folder, options);
        try
        {
            return model.Adapter is null ? new AdaptedSource(given, AdapterFolder.Open(folder, model.Config), folder, model)
                : throw new KalmException(
                    $"{folder}: its base {model.Given} is an adapter itself; expected a base model (export --to hf merges an adapter)");
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static IModelSource BaseOf(string adapter, ModelSourceOptions options)
    {
        var inner = options with { Base = null };
        if (options.Base is { } chosen)
            return Open(chosen, inner);
        var config = Path.Combine(adapter, AdapterConfig.FileName);
        var named = AdapterConfig.Load(adapter).BaseModel
            ?? throw new KalmException($"{config}: base_model_name_or_path is null; expected the base model, or --base MODEL");
        // A relative path is tried from where the user stands, then from the adapter, so that a moved pair of folders still finds itself.
        foreach (var candidate in new[] { named, Path.Combine(adapter, named) })
            if (Directory.Exists(candidate) || File.Exists(candidate))
                return Open(candidate, inner);
        if (HubModelId.TryParse(named) is not { } id)
            throw new KalmException(
                $"{config}: the base model {FileFault.Quote(named)} was not found; expected its folder there, or --base MODEL");
        try
        {
            return OfHub(id, named, inner);
        }
        catch (KalmException error)
        {
            throw new KalmException(
                $"{config}: the base model {FileFault.Quote(named)}: {error.Message}\nor give the base with --base MODEL", error);
        }
    }
}
