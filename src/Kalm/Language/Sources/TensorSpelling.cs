using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources;

/// <summary>What stands before the names of a checkpoint's tensors. A bare model (Qwen3-Embedding) lacks the first part, the language model inside of one
/// that also sees pictures has one more.</summary>
internal sealed class TensorSpelling
{
    private const string Inner = "model.";
    private const string Wrapper = "language_model.";

    private static readonly Func<string, string>[] Ways =
    [
        name => name,
        name => Wrapper + name,
        name => name.StartsWith(Inner, StringComparison.Ordinal) ? Inner + Wrapper + name[Inner.Length..] : name,
        name => name.StartsWith(Inner, StringComparison.Ordinal) ? Wrapper + name[Inner.Length..] : name,
        name => Inner + Wrapper + name,
        name => name[..name.IndexOf('.', StringComparison.Ordinal)] is "model" or "gpt_neox" ? name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..] : name,
        name => Inner + name,
    ];

    private readonly ModelConfig config;
    private readonly Func<string, string> way;
    private readonly ITensorStore store;

    private TensorSpelling(ITensorStore store, ModelConfig config, Func<string, string> way) => (this.store, this.config, this.way) = (store, config, way);

    /// <summary>Finds the way in which the embedding is spelled; the plain one where it is not there at all.</summary>
    public static TensorSpelling Of(ITensorStore store, ModelConfig config)
    {
        var embedding = config.CheckpointName(TensorNames.Embedding);
        return new TensorSpelling(store, config, Ways.FirstOrDefault(way => store.TryFind(way(embedding)) is not null) ?? Ways[0]);
    }

    /// <summary>The stored name of a tensor of ours.</summary>
    public string Of(string canonical)
    {
        var plain = config.CheckpointName(canonical);
        var spelled = way(plain);
        // The head often stands outside of the wrapper.
        return canonical == TensorNames.Head && store.TryFind(spelled) is null ? plain : spelled;
    }
}
