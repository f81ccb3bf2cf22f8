namespace Kalm.Language.Sources.Config;

/// <summary>What a Hugging Face checkpoint of an architecture calls its tensors and modules. The canonical names are Llama's, and
/// <c>attention_output_norm</c> and <c>mlp_output_norm</c> for the norms behind attention and feed-forward part.</summary>
/// <param name="layerPrefix">What the names of all tensors of the layers begin with.</param>
/// <param name="modules">Canonical name and the checkpoint's, of modules that differ: in a layer without what comes before, others
/// whole.</param>
internal sealed class ModuleSpelling(string layerPrefix, IReadOnlyList<(string Canonical, string Checkpoint)> modules)
{
    private const string CanonicalLayers = "model.layers.";
    private const string Layers = "layers.";
    private readonly Dictionary<string, string> toCheckpoint = modules.ToDictionary(pair => pair.Canonical, pair => pair.Checkpoint);
    private readonly Dictionary<string, string> toCanonical = modules.ToDictionary(pair => pair.Checkpoint, pair => pair.Canonical);

    /// <summary>Every name is canonical.</summary>
    public static ModuleSpelling Llama { get; } = new(CanonicalLayers, []);

    /// <summary>Norms before and behind both parts of a layer.</summary>
    public static ModuleSpelling NormsAround { get; } = new(CanonicalLayers,
    [
        ("post_attention_layernorm", "pre_feedforward_layernorm"),
        ("attention_output_norm", "post_attention_layernorm"), ("mlp_output_norm", "post_feedforward_layernorm"),
    ]);

    /// <summary>Norms behind both parts of a layer.</summary>
    public static ModuleSpelling NormsAfter { get; } = new(CanonicalLayers,
        [("attention_output_norm", "post_attention_layernorm"), ("mlp_output_norm", "post_feedforward_layernorm")]);

    /// <summary>What all names but the output layer's begin with.</summary>
    public string BodyPrefix { get; } = layerPrefix[..^Layers.Length];

    /// <summary>The checkpoint's name of a tensor or module.</summary>
    public string ToCheckpoint(string canonical) => Translate(canonical, CanonicalLayers, layerPrefix, toCheckpoint);

    /// <summary>The canonical name of a tensor or module.</summary>
    public string ToCanonical(string checkpoint) => Translate(checkpoint, layerPrefix, CanonicalLayers, toCanonical);

    private static string Translate(string name, string from, string to, Dictionary<string, string> names)
    {
        if (!name.StartsWith(from, StringComparison.Ordinal))
            return Replace(name, names);
        var dot = name.IndexOf('.', from.Length);
        return dot < 0 ? to + name[from.Length..] : to + name[from.Length..(dot + 1)] + Replace(name[(dot + 1)..], names);
    }

    // The longest beginning that is a module's name counts; what follows names a tensor of it.
    private static string Replace(string name, Dictionary<string, string> names)
    {
        for (var end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
            if (names.TryGetValue(name[..end], out var other))
                return other + name[end..];
        return name;
    }
}

/// <summary>What stands before the names of a checkpoint: before those of the body, where the architecture's own checkpoints have
/// <c>model.</c>, and before that of the output layer.</summary>
/// <param name="Body">Before the body's names.</param>
/// <param name="Head">Before the output layer's.</param>
public sealed record NamePrefix(string Body, string Head);
