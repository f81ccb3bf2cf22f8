using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Adapters;

/// <summary>A module of the base model as an adapter may name it.</summary>
/// <param name="Name">Its full name in a checkpoint, for example <c>model.layers.0.mlp.gate_proj</c>.</param>
/// <param name="Weight">The canonical name of its weight.</param>
/// <param name="Shape">That weight's shape.</param>
/// <param name="Bias">The canonical name of its bias; null where the base has none.</param>
internal sealed record AdapterModule(string Name, string Weight, long[] Shape, string? Bias)
{
    /// <summary>The name without what it is wrapped in.</summary>
    public string Core { get; } = AdapterTensors.CoreOf(Name);

    /// <summary>Whether it is the input embedding.</summary>
    public bool IsEmbedding => Weight == AdapterModules.EmbeddingWeight;

    /// <summary>Whether it is the output layer.</summary>
    public bool IsHead => Weight == AdapterModules.HeadWeight;

    /// <summary>Whether it multiplies by a matrix.</summary>
    public bool IsLinear => Shape.Length == 2 && !IsEmbedding;
}

/// <summary>The modules of a base model, in the order of the computation; of a tied model the output layer too.</summary>
internal static class AdapterModules
{
    /// <summary>The canonical name of the input embedding's weight.</summary>
    public const string EmbeddingWeight = "model.embed_tokens.weight";

    /// <summary>The canonical name of the output layer's weight.</summary>
    public const string HeadWeight = "lm_head.weight";

    private const string WeightEnd = ".weight", BiasEnd = ".bias";

    // What PEFT adapts where a config names no targets.
    private static readonly Dictionary<string, string[]> Customary = new()
    {
        ["gpt_neox"] = ["query_key_value"],
        ["phi3"] = ["qkv_proj"],
    };

    /// <summary>The modules of a model.</summary>
    public static IReadOnlyList<AdapterModule> Of(ModelConfig model)
    {
        // Shapes of the tied model's head too: it is a module of its own to PEFT.
        var shapes = (model with { TieWordEmbeddings = false }).TensorShapes().ToList();
        var biases = shapes.Select(tensor => tensor.Name).Where(name => name.EndsWith(BiasEnd, StringComparison.Ordinal)).ToHashSet();
        return [.. shapes.Where(tensor => tensor.Name.EndsWith(WeightEnd, StringComparison.Ordinal)).Select(tensor =>
        {
            var bias = tensor.Name[..^WeightEnd.Length] + BiasEnd;
            var name = model.CheckpointName(tensor.Name);
            return new AdapterModule(
                name.EndsWith(WeightEnd, StringComparison.Ordinal) ? name[..^WeightEnd.Length] : name,
                tensor.Name, tensor.Shape, biases.Contains(bias) ? bias : null);
        })];
    }

    /// <summary>What is adapted where the config names nothing.</summary>
    public static IReadOnlyList<string> CustomaryTargets(ModelConfig model) =>
        Customary.GetValueOrDefault(model.Architecture.ModelType, ["q_proj", "v_proj"]);
}
