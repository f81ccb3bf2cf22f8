using Kalm.Language.Model;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Language.Training;

/// <summary>What a checkpoint holds so that training goes on as if it had never stopped: all learned values, the optimizer's moments, what
/// else the training carries from step to step, and its description at that step. Nothing else has a memory: batches, prompts, dropout
/// and the order of texts follow from the seed and the step.</summary>
public static class TrainingState
{
    /// <summary>The file of the tensors, F32: <c>values</c>, <c>first_moment</c>, <c>second_moment</c>, each flat; of an alignment also
    /// <c>best</c> and, where it has them, <c>average</c>, flat, and <c>bank</c> with <c>bank_texts</c>, a row a candidate.</summary>
    public const string TensorsName = "training.safetensors";

    /// <summary>The file of the description.</summary>
    public const string DescriptionName = "training.json";

    /// <summary>Writes both files into an existing folder.</summary>
    public static void Save<T>(
        string folder, T description, ParameterSet learned, AdamW optimizer, IReadOnlyDictionary<string, Tensor> more)
    {
        var tensors = All(learned, optimizer, more);
        SourceTensors.Write(
            Path.Combine(folder, TensorsName), tensors.Select(item => (item.Key, item.Value.shape)),
            name => tensors[name].alias());
        Json.Write(Path.Combine(folder, DescriptionName), description);
    }

    /// <summary>Reads the description as it was at a checkpoint.</summary>
    public static T Describe<T>(string folder) => Json.Read<T>(Path.Combine(folder, DescriptionName));

    /// <summary>Restores the tensors, in place.</summary>
    /// <exception cref="KalmException">A tensor is missing or of another size.</exception>
    public static void Restore(
        string folder, int steps, ParameterSet learned, AdamW optimizer, IReadOnlyDictionary<string, Tensor> more)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, TensorsName));
        using var noGradient = no_grad();
        foreach (var (name, target) in All(learned, optimizer, more))
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

    private static Dictionary<string, Tensor> All(ParameterSet learned, AdamW optimizer, IReadOnlyDictionary<string, Tensor> more) =>
        new(more)
        {
            ["values"] = learned.Values, ["first_moment"] = optimizer.FirstMoment, ["second_moment"] = optimizer.SecondMoment,
        };
}
