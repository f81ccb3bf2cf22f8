using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;

namespace Kalm.Representation;

/// <summary>Where the parts of a model lie on disk. A run folder made by <c>align</c>, one of its checkpoints, its adapter folder and a plain
/// Hugging Face folder can all be given where a model is asked for.</summary>
/// <param name="Given">The path as the user gave it.</param>
/// <param name="Base">The Hugging Face folder with the weights.</param>
/// <param name="Adapter">The PEFT folder to merge into them, or null.</param>
/// <param name="Settings">The wording and temperature it was aligned with; defaults for a model that was not aligned.</param>
public sealed record ModelFolder(string Given, string Base, string? Adapter, AlignedSettings Settings)
{
    /// <summary>The name of the file that makes a folder a run.</summary>
    public const string RunFile = "run.json";

    /// <summary>Whether the model was aligned.</summary>
    public bool IsAligned { get; private init; }

    /// <summary>Finds the parts.</summary>
    /// <exception cref="KalmException">The path is none of the folders above, or its base model is gone.</exception>
    public static ModelFolder Locate(string path)
    {
        if (!Directory.Exists(path))
            throw new KalmException($"{path}: no such folder; expected a Hugging Face model folder or a run folder");
        var run = Path.Combine(path, RunFile);
        if (File.Exists(run))
        {
            foreach (var result in new[] { "model", "adapter" })
                if (Directory.Exists(Path.Combine(path, result)))
                    return Locate(Path.Combine(path, result)) with { Given = path };
            throw new KalmException($"{path}: the run has no result yet; expected its folder model/ or adapter/ (its checkpoints/ can be given instead)");
        }
        var settingsPath = Path.Combine(path, AlignedSettings.FileName);
        var aligned = File.Exists(settingsPath);
        var settings = aligned ? Json.Read<AlignedSettings>(settingsPath) : new AlignedSettings(Math.Log(20), new WordingOptions());
        if (File.Exists(Path.Combine(path, AdapterConfig.FileName)))
            return new ModelFolder(path, BaseOf(path), path, settings) { IsAligned = aligned };
        if (File.Exists(Path.Combine(path, ModelConfig.FileName)))
            return new ModelFolder(path, path, null, settings) { IsAligned = aligned };
        if (AdapterFolder.Inside(path) is { Count: > 0 } inside)
            return inside.Count == 1 ? Locate(inside[0]) with { Given = path } : throw new KalmException(
                $"{path}: not a model, but it holds {inside.Count} adapters: {string.Join(", ", inside.Select(Path.GetFileName))}\ngive one of them");
        throw new KalmException(
            $"{path}: not a model: none of {ModelConfig.FileName}, {AdapterConfig.FileName}, {RunFile} is there{ForeignWeights.Found(path)}\nexpected a Hugging Face model folder or a run folder");
    }

    /// <summary>Refuses an adapter whose base model is another one now than the one it was trained on.</summary>
    /// <exception cref="KalmException">It is; the message names both.</exception>
    public void RequireBase()
    {
        if (Adapter is null || Settings.Base is not { } trained)
            return;
        var found = BaseFingerprint.Of(Base);
        if (found != trained.Fingerprint)
            throw new KalmException(
                $"{Adapter}: belongs to another base model\nfound {Base} with fingerprint {found[..12]}; expected {trained.Name} with fingerprint {trained.Fingerprint[..12]}");
    }

    /// <summary>Loads the model, its adapter merged.</summary>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    /// <param name="precision">How the layers' matrices are held; anything but F32 needs a model without adapter, because merging rewrites
    /// them.</param>
    public CausalModel Load(torch.Device? device = null, BasePrecision precision = BasePrecision.Fp32)
    {
        RequireBase();
        if (Adapter is not null && precision != BasePrecision.Fp32)
            throw new ArgumentException("an adapter is merged in F32", nameof(precision));
        var model = CausalModel.Load(Base, device, precision);
        try
        {
            return Adapter is null ? model : LowRank.Merge(model, Adapter);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static string BaseOf(string adapter)
    {
        var named = AdapterConfig.Load(adapter).BaseModel
            ?? throw new KalmException($"{Path.Combine(adapter, AdapterConfig.FileName)}: base_model_name_or_path is null; expected the folder of the base model");
        // A relative path is tried from where the user stands, then from the adapter, so that a moved pair of folders still finds itself.
        foreach (var candidate in new[] { named, Path.Combine(adapter, named) })
            if (File.Exists(Path.Combine(candidate, ModelConfig.FileName)))
                return candidate;
        throw new KalmException(
            $"{Path.Combine(adapter, AdapterConfig.FileName)}: the base model '{named}' was not found; expected a folder with {ModelConfig.FileName}");
    }
}
