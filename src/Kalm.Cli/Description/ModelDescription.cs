using Kalm.Alignment;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Cli.Description;

/// <summary>What a model folder is, found out from headers and small files alone: no weight is read and no tensor made, so the tensor
/// library is not loaded. Also the form of <c>describe --json</c>.</summary>
/// <param name="Model">The path as given.</param>
/// <param name="Kind"><c>model</c>, <c>adapter</c> or <c>run</c>.</param>
/// <param name="Base">The Hugging Face folder with the weights; null when it was not found.</param>
/// <param name="Architecture">What config.json says.</param>
/// <param name="Weights">The weights as stored.</param>
/// <param name="Tokenizer">The tokenizer; null when the folder has none.</param>
/// <param name="Adapter">The adapter, where there is one.</param>
/// <param name="Alignment">The run the model comes from, and what it learned beside the weights; null when it was not aligned.</param>
/// <param name="WouldTrain">What <c>align</c> would train by default.</param>
/// <param name="Warnings">What is odd or missing.</param>
internal sealed record ModelDescription(
    string Model, string Kind, string? Base, ArchitectureFacts? Architecture, WeightFacts? Weights, TokenizerFacts? Tokenizer,
    AdapterFacts? Adapter, AlignmentFacts? Alignment, TrainingFacts? WouldTrain, IReadOnlyList<string> Warnings)
{
    /// <summary>Looks at a folder.</summary>
    /// <exception cref="KalmException">It is no model, or its configuration or weights are not sound.</exception>
    public static ModelDescription Of(string path)
    {
        var warnings = new List<string>();
        var run = AlignmentFacts.RunOf(path);
        var folder = Locate(path, run, warnings);
        using var checkpoint = folder is null ? null : CheckpointFolder.Open(folder.Base);
        warnings.AddRange(checkpoint?.Warnings ?? []);
        var tokenizer = folder is null ? null : TokenizerFacts.Of(folder.Base);
        if (checkpoint is not null && tokenizer?.Tokens > checkpoint.Config.VocabularySize)
            warnings.Add($"{folder!.Base}: cannot be loaded: the tokenizer has {tokenizer.Tokens} tokens; expected at most vocab_size, {checkpoint.Config.VocabularySize}");
        var adapter = folder?.Adapter ?? new[] { path, Path.Combine(path, "adapter") }.FirstOrDefault(IsAdapter);
        return new ModelDescription(
            path,
            run is not null && File.Exists(Path.Combine(path, ModelFolder.RunFile)) ? "run" : adapter is not null ? "adapter" : "model",
            folder?.Base,
            checkpoint is null ? null : ArchitectureFacts.Of(checkpoint.Config),
            checkpoint is null ? null : WeightFacts.Of(checkpoint),
            tokenizer,
            adapter is null ? null : AdapterFacts.Of(adapter),
            AlignmentFacts.Of(run, folder),
            checkpoint is null || adapter is not null ? null : TrainingFacts.Of(checkpoint.Config),
            warnings);
    }

    // An adapter says much without its base, and a run without its result: what is missing becomes a warning.
    private static ModelFolder? Locate(string path, RunDescription? run, List<string> warnings)
    {
        try
        {
            return ModelFolder.Locate(path);
        }
        catch (KalmException error) when (run is not null || IsAdapter(path))
        {
            warnings.Add(error.Message.ReplaceLineEndings("; "));
            return run is not null && Directory.Exists(run.Model) && !IsAdapter(path) ? ModelFolder.Locate(run.Model) : null;
        }
    }

    private static bool IsAdapter(string path) => File.Exists(Path.Combine(path, AdapterConfig.FileName));
}
