using Kalm.Files;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Training;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>Turns a model in any form, its adapter merged, into one that other programs take.</summary>
public static class ModelExport
{
    private const string CardName = "README.md";

    /// <summary>Writes a complete Hugging Face folder with a card; what Kalm needs of an aligned model lies beside it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The folder: absent or empty.</param>
    /// <param name="type">F32, F16 or BF16; null takes that of the base.</param>
    /// <param name="progress">Told how far it has come; may be null.</param>
    /// <param name="cancellation">Ends the writing; nothing is left behind.</param>
    /// <returns>The type written.</returns>
    /// <exception cref="KalmException">The model is not sound, or the folder cannot be written.</exception>
    public static TensorType ToHuggingFace(
        OpenedModel model, string path, TensorType? type = null,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var weights = Open(model, progress, cancellation);
        using var staged = new StagedFolder(path);
        var written = type ?? weights.Config.TorchType;
        HuggingFaceExport.Write(staged.Path, weights, written);
        if (model.IsAligned)
            Json.Write(staged.File(AlignedSettings.FileName), model.Settings with { Base = null });
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        AtomicFile.WriteAllText(staged.File(CardName), ModelCard.Text(name, model, weights.Config, written, RunOf(model.Given)));
        staged.Commit();
        return written;
    }

    /// <summary>Writes one GGUF file.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file, replaced when it exists.</param>
    /// <param name="type">The type of matrices.</param>
    /// <param name="progress">Told how far it has come; may be null.</param>
    /// <param name="cancellation">Ends the writing; nothing is left behind.</param>
    /// <returns>What the user should know, in sentences.</returns>
    /// <exception cref="KalmException">The model is not sound or has what llama.cpp cannot do, or the file cannot be written.</exception>
    public static IReadOnlyList<string> ToGguf(
        OpenedModel model, string path, GgufTensorType type,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var notes = GgufExport.Write(path, Open(model, progress, cancellation), type, Path.GetFileNameWithoutExtension(path));
        return [.. notes, .. UnsaidOfVectors(model.Settings)];
    }

    private static IEnumerable<string> UnsaidOfVectors(AlignedSettings settings)
    {
        if (settings.VectorLayer is { } layer)
            yield return $"vectors are taken behind layer {layer}, which a GGUF file cannot say: other programs take the last layer's";
        if (settings.Wording.Attention == DescriptionAttention.Prefix)
            yield return "in vectors a description's tokens see all of it, which a GGUF file cannot say: "
                + "other programs' vectors are causal";
    }

    private static MergedWeights Open(OpenedModel model, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        model.RequireBase();
        // A tokenizer that cannot be read would only show once the model is used.
        _ = model.Source.ReadTokenizer();
        return new MergedWeights(model.Source, progress, cancellation);
    }

    // A run, its result or one of its checkpoints may have been given.
    private static RunDescription? RunOf(string given)
    {
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
        var parent = Path.GetDirectoryName(folder) ?? folder;
        var place = Path.GetFileName(parent) == Checkpoints.FolderName ? Path.GetDirectoryName(parent)!
            : Path.GetFileName(folder) is "model" or "adapter" ? parent
            : folder;
        var file = Path.Combine(place, ModelSources.RunFile);
        return File.Exists(file) ? Json.ReadOfAnyVersion<RunDescription>(file) : null;
    }
}
