namespace Kalm.Language.Sources.Config;

/// <summary>The canonical names of a decoder's tensors: those that a Hugging Face checkpoint of Llama has.</summary>
public static class TensorNames
{
    /// <summary>Token embedding, [vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Final norm, [hidden].</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The final norm's bias where it has one, [hidden].</summary>
    public const string FinalNormBias = "model.norm.bias";

    /// <summary>Language-model head, [vocabulary, hidden]; absent when tied to the embedding.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>What the names of all tensors of the layers begin with.</summary>
    public const string LayerPrefix = "model.layers.";

    /// <summary>The weight of a module of a layer, e.g. <c>mlp.gate_proj</c>.</summary>
    public static string OfLayer(int layer, string module) => Module(layer, module) + ".weight";

    /// <summary>The bias of a module of a layer, where it has one.</summary>
    public static string BiasOfLayer(int layer, string module) => Module(layer, module) + ".bias";

    /// <summary>The full name of a module of a layer.</summary>
    public static string Module(int layer, string module) => $"{LayerPrefix}{layer}.{module}";

    /// <summary>What belongs to a weight that is held in fewer bytes, and no checkpoint has: the scales of its rows, [outputs, 1], or the
    /// storage type of its blocks, a number.</summary>
    public static string ScalesOf(string weight) => weight + "_scale";

    /// <summary>What an adapter adds to a weight that stays as it is stored, and no checkpoint has: A, [rank, inputs], or B times its
    /// factor, [outputs, rank].</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="which">'A' or 'B'.</param>
    public static string AddedTo(string weight, char which) => $"{weight}_lora_{which}";
}
