using Kalm.Alignment;
using Kalm.Completion.Reranking;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Cli.Description;

/// <summary>What a model folder is, found out from headers and small files alone: no weight is read and no tensor made, so the tensor
/// library is not loaded. Also the form of <c>describe --json</c>.</summary>
/// <param name="Model">The path as given.</param>
/// <param name="Kind"><c>model</c>, <c>adapter</c> or <c>run</c>.</param>
/// <param name="Base">Where the weights are; null when it was not found.</param>
/// <param name="Architecture">What config.json says.</param>
/// <param name="Weights">The weights as stored.</param>
/// <param name="Tokenizer">The tokenizer; null when the folder has none.</param>
/// <param name="Adapter">The adapter, where there is one.</param>
/// <param name="Alignment">The run the model comes from, and what it learned beside the weights; null when it was not aligned.</param>
/// <param name="Reranker">The run's re-ranker; null where it has none.</param>
/// <param name="WouldTrain">What <c>align</c> would train by default.</param>
/// <param name="Warnings">What is odd or missing.</param>
internal sealed record ModelDescription(
    string Model, string Kind, string? Base, ArchitectureFacts? Architecture, WeightFacts? Weights, TokenizerFacts? Tokenizer,
    AdapterFacts? Adapter, AlignmentFacts? Alignment, RerankerDescription? Reranker, TrainingFacts? WouldTrain,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Looks at a model.</summary>
    /// <param name="name">As the user named it.</param>
    /// <param name="open">Opens a model.</param>
    /// <exception cref="KalmException">It is no model, or its configuration or weights are not sound.</exception>
    public static ModelDescription Of(string name, Func<string, OpenedModel> open)
    {
        var warnings = new List<string>();
        var run = AlignmentFacts.RunOf(name);
        using var model = Open(name, run, open, warnings);
        var source = model?.Source;
        warnings.AddRange(source?.Warnings ?? []);
        var tokenizer = source is null ? null : TokenizerFacts.Of(source);
        if (source is not null && tokenizer?.Tokens > source.Config.VocabularySize)
            warnings.AddRange(CausalModel.VocabularyWarning(source, source.ReadTokenizer()));
        var adapter = model?.AdapterFolder ?? new[] { name, Path.Combine(name, "adapter") }.FirstOrDefault(IsAdapter);
        return new ModelDescription(
            name,
            File.Exists(Path.Combine(name, ModelSources.RunFile)) ? "run" : adapter is not null ? "adapter" : "model",
            source?.Base.Place,
            source is null ? null : ArchitectureFacts.Of(source.Config),
            source is null ? null : WeightFacts.Of(source),
            tokenizer,
            adapter is null ? null : AdapterFacts.Of(adapter),
            AlignmentFacts.Of(run, model),
            RerankerOf(name, warnings),
            source is null || adapter is not null ? null : TrainingFacts.Of(source.Config),
            warnings);
    }

    // An adapter says much without its base, and a run without its result: what is missing becomes a warning.
    private static OpenedModel? Open(string name, RunDescription? run, Func<string, OpenedModel> open, List<string> warnings)
    {
        try
        {
            return open(name);
        }
        catch (KalmException error) when (run is not null || IsAdapter(name))
        {
            warnings.Add(error.Message.ReplaceLineEndings("; "));
            return run is not null && Path.Exists(run.Model) && !IsAdapter(name) ? open(run.Model) : null;
        }
    }

    private static RerankerDescription? RerankerOf(string name, List<string> warnings)
    {
        var folder = Path.Combine(name, Completion.Reranking.Reranker.FolderName);
        try
        {
            return Directory.Exists(folder) ? RerankerDescription.Read(folder) : null;
        }
        catch (KalmException error)
        {
            warnings.Add(error.Message);
            return null;
        }
    }

    private static bool IsAdapter(string path) => File.Exists(Path.Combine(path, AdapterConfig.FileName));
}
