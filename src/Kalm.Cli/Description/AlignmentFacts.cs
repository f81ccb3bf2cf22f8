using Kalm.Alignment;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Training;
using Kalm.Representation;

namespace Kalm.Cli.Description;

/// <summary>A PEFT LoRA adapter.</summary>
/// <param name="Folder">Where it lies.</param>
/// <param name="BaseModel">The model it is for, as it names it.</param>
/// <param name="Rank">The rank.</param>
/// <param name="Scale">The factor of B A.</param>
/// <param name="Targets">The modules adapted.</param>
/// <param name="Parameters">The numbers it holds; null when its weights are missing.</param>
/// <param name="Bytes">What its weights take.</param>
internal sealed record AdapterFacts(
    string Folder, string? BaseModel, int Rank, double Scale, IReadOnlyList<string> Targets, long? Parameters, long? Bytes)
{
    /// <summary>Takes the facts of an adapter folder.</summary>
    public static AdapterFacts Of(string folder)
    {
        var config = AdapterConfig.Load(folder);
        var path = Path.Combine(folder, AdapterConfig.WeightsName);
        using var weights = File.Exists(path) ? SafetensorsFile.Open(path) : null;
        return new AdapterFacts(
            folder, config.BaseModel, config.Rank, config.Scale, config.TargetPattern is { } pattern ? [pattern] : config.TargetModules,
            weights?.Tensors.Values.Sum(entry => entry.ElementCount), weights?.Tensors.Values.Sum(entry => entry.ByteCount));
    }
}

/// <summary>What alignment left beside the weights, and the run it came from. All of the run is null when only the model is
/// there.</summary>
internal sealed record AlignmentFacts(
    double? Temperature, string? Wording, string? Attention, int? VectorLayer, string? Method, string? Status, int? StepsDone,
    int? TotalSteps, int? BestStep, double? BestMrr, double? Seconds, string? BaseModel, string? Graph, long? LearnedParameters)
{
    /// <summary>The description of the run that a folder is, or is a checkpoint or the result of; null for a plain model.</summary>
    public static RunDescription? RunOf(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string[] candidates =
        [
            Path.Combine(path, ModelSources.RunFile),
            Path.Combine(path, TrainingState.DescriptionName),
            .. Path.GetFileName(full) is "adapter" or "model" ? new[] { Path.Combine(full, "..", ModelSources.RunFile) } : [],
        ];
        return candidates.FirstOrDefault(File.Exists) is { } file ? Json.ReadOfAnyVersion<RunDescription>(file) : null;
    }

    /// <summary>Takes the facts together; null when the model was not aligned.</summary>
    public static AlignmentFacts? Of(RunDescription? run, OpenedModel? model)
    {
        var settings = model is { IsAligned: true } ? model.Settings : null;
        if (run is null && settings is null)
            return null;
        var best = run?.Validations.FirstOrDefault(validation => validation.Step == run.BestStep);
        return new AlignmentFacts(
            settings is null ? null : Math.Exp(-settings.LogInverseTemperature),
            Word(settings?.Wording.Style), Word(settings?.Wording.Attention), settings?.VectorLayer,
            Word(run?.Options.Method), Word(run?.Status), run?.StepsDone, run?.TotalSteps, run?.BestStep, best?.MeanReciprocalRank,
            run?.Seconds, run?.Model, run?.Graph, run?.LearnedParameters);
    }

    private static string? Word<T>(T? value) where T : struct, Enum =>
        value is { } given ? System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(given.ToString()) : null;
}
