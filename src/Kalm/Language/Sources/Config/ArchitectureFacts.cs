namespace Kalm.Language.Sources.Config;

/// <summary>What a norm computes over the last dimension.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x^2) + epsilon) * w (arXiv 1910.07467).</summary>
    RootMeanSquare,

    /// <summary>The same with 1 + w.</summary>
    ShiftedRootMeanSquare,

    /// <summary>(x - mean) / sqrt(variance + epsilon) * w, and b where there is one (arXiv 1607.06450).</summary>
    LayerNorm,
}

/// <summary>Where the norms of a layer stand.</summary>
public enum NormPlacement
{
    /// <summary>Before attention and feed-forward part.</summary>
    Before,

    /// <summary>Behind each, before the sum.</summary>
    After,

    /// <summary>Both.</summary>
    Around,
}

/// <summary>What is normalised of queries and keys.</summary>
public enum HeadNormRule
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Each head, before it is turned.</summary>
    EachHead,

    /// <summary>All heads as one vector, before they are turned.</summary>
    WholeWidth,

    /// <summary>Each head, after it was turned.</summary>
    EachHeadTurned,
}

/// <summary>How queries, keys and values are projected.</summary>
public enum QueryKeyValueLayout
{
    /// <summary>By three matrices.</summary>
    Separate,

    /// <summary>By one: the rows of all queries, all keys, all values.</summary>
    OneAfterAnother,

    /// <summary>By one: head by head the rows of its query, key and value.</summary>
    HeadByHead,
}

/// <summary>Which layers turn queries and keys by their positions.</summary>
public enum RotationRule
{
    /// <summary>All.</summary>
    EveryLayer,

    /// <summary>Those with 1 in <c>no_rope_layers</c>; all but every <c>no_rope_layer_interval</c>th without it.</summary>
    ListedLayers,

    /// <summary>Those with a window.</summary>
    WindowedLayers,

    /// <summary>Those with a window, or all where the model has none.</summary>
    WindowedLayersIfAny,
}

/// <summary>Which layers of an architecture a sliding window limits where config.json has no <c>layer_types</c>.</summary>
public enum WindowRule
{
    /// <summary>None: the architecture has no window.</summary>
    None,

    /// <summary>All layers, whenever <c>sliding_window</c> is not null.</summary>
    EveryLayer,

    /// <summary>Layers from <c>max_window_layers</c> on, when <c>use_sliding_window</c> is true.</summary>
    LaterLayers,

    /// <summary>All layers but every nth, by <c>sliding_window_pattern</c>.</summary>
    Periodic,

    /// <summary>Layers without rotary positions, when <c>use_sliding_window</c> is true.</summary>
    UnrotatedLayers,
}

/// <summary>The activation of the feed-forward part.</summary>
public enum Activation
{
    /// <summary>x sigmoid(x).</summary>
    Silu,

    /// <summary>x times the normal distribution function.</summary>
    Gelu,

    /// <summary>The same by a hyperbolic tangent.</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0) squared.</summary>
    SquaredRelu,
}

/// <summary>Queries at position p are multiplied by 1 + <paramref name="Beta"/> ln(1 + floor(p / <paramref name="Positions"/>)).</summary>
/// <param name="Beta"><c>llama_4_scaling_beta</c>.</param>
/// <param name="Positions">The length trained on before stretching.</param>
public sealed record QueryStretch(double Beta, int Positions)
{
    /// <summary>The factor at a position.</summary>
    public double At(int position) => 1 + Beta * Math.Log(1 + position / Positions);
}

/// <summary>The activations' names in config.json.</summary>
internal static class ActivationNames
{
    private static readonly (string Name, Activation Activation)[] Names =
    [
        ("silu", Activation.Silu), ("swish", Activation.Silu), ("gelu", Activation.Gelu), ("gelu_python", Activation.Gelu),
        ("gelu_pytorch_tanh", Activation.GeluTanh), ("gelu_new", Activation.GeluTanh), ("gelu_fast", Activation.GeluTanh),
        ("relu", Activation.Relu), ("relu2", Activation.SquaredRelu),
    ];

    /// <summary>All names, for messages.</summary>
    public static string All => string.Join(", ", Names.Select(pair => pair.Name));

    /// <summary>The activation of a name; null when there is none.</summary>
    public static Activation? Find(string name) =>
        Names.Where(pair => pair.Name == name).Select(pair => (Activation?)pair.Activation).FirstOrDefault();

    /// <summary>The name of an activation.</summary>
    public static string Of(Activation activation) => Names.First(pair => pair.Activation == activation).Name;
}
