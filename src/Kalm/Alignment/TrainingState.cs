using Kalm.Language.Model;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>What a checkpoint holds beside the model, so that training goes on as if it had never stopped: all learned values, the
/// optimizer's moments, the best values so far, the candidates of earlier steps where the run has them, and the run's description at that
/// step. Nothing else has a memory: batches, prompts and dropout follow from the seed and the step.</summary>
public static class TrainingState
{
    /// <summary>The file of the tensors, F32: <c>values</c>, <c>first_moment</c>, <c>second_moment</c>, <c>best</c> and, where the run has
    /// it, <c>average</c>, each flat; and <c>bank</c> with <c>bank_texts</c>, a row a candidate.</summary>
    public const string TensorsName = "training.safetensors";

    /// <summary>The file of the run's description.</summary>
    public const string DescriptionName = "training.json";

    /// <summary>Writes both files into an existing folder.</summary>
    public static void Save(string folder, RunDescription description, IReadOnlyDictionary<string, Tensor> tensors)
    {
        SourceTensors.Write(
            Path.Combine(folder, TensorsName), tensors.Select(item => (item.Key, item.Value.shape)),
            name => tensors[name].alias());
        Json.Write(Path.Combine(folder, DescriptionName), description);
    }

    /// <summary>Reads the run's description as it was at a checkpoint.</summary>
    public static RunDescription Describe(string folder) =>
        Json.Read<RunDescription>(Path.Combine(folder, DescriptionName)) with { Status = RunStatus.Running };

    /// <summary>Restores the tensors, in place.</summary>
    /// <exception cref="KalmException">A tensor is missing or of another size.</exception>
    public static void Restore(string folder, int steps, AdamW optimizer, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, TensorsName));
        using var noGradient = no_grad();
        foreach (var (name, target) in tensors)
        {
            var found = file.Find(name);
            if (!found.Shape.SequenceEqual(target.shape))
                throw new KalmException($"{file.Path}: tensor {name} has shape {TensorEntry.Describe(found.Shape)}; expected "
                    + $"{TensorEntry.Describe(target.shape)}");
            using var value = SourceTensors.Read(file, name, target.device);
            target.copy_(value);
        }
        optimizer.StepCount = steps;
    }
}
